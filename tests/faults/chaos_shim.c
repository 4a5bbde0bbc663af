/* Loaded into one process before libc: its clock goes wrong by CHAOS_CLOCK_SECONDS; while the file CHAOS_SLOW_FSYNC is there,
   every fsync takes 50 ms longer. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const struct timespec SLOW = {0, 50 * 1000 * 1000};

static long skew(void)
{
    static long seconds;
    static int known;
    if (!known) {
        const char *text = getenv("CHAOS_CLOCK_SECONDS");
        seconds = text ? atol(text) : 0;
        known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += skew();
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

static void linger(void)
{
    const char *armed = getenv("CHAOS_SLOW_FSYNC");
    if (armed && access(armed, F_OK) == 0)
        nanosleep(&SLOW, NULL);
}

int fsync(int file)
{
    linger();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    linger();
    return (int)syscall(SYS_fdatasync, file);
}
