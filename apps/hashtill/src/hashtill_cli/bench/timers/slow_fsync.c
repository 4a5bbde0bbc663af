/* Loaded into PostgreSQL before libc: every fsync and fdatasync takes SLOW_FSYNC_US microseconds longer, as on a real disk. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int slowly(int outcome)
{
    const char *given = getenv("SLOW_FSYNC_US");
    if (given != NULL)
        usleep((useconds_t)atoi(given));
    return outcome;
}

int fsync(int file)
{
    return slowly((int)syscall(SYS_fsync, file));
}

int fdatasync(int file)
{
    return slowly((int)syscall(SYS_fdatasync, file));
}
