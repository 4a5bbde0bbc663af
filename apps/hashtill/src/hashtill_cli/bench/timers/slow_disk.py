"""A slow disk: PostgreSQL started again with every sync to the disk taking longer, by a library loaded before libc."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hashtill_cli.bench.errors import BenchError
from hashtill_cli.embedded.postgres import Postgres

SOURCE = Path(__file__).with_name("slow_fsync.c")
COMPILERS = ("cc", "gcc", "clang")
COMPILE_SECONDS_MAX = 60.0

SCRIPT = """#!/bin/sh
exec env LD_PRELOAD={library} SLOW_FSYNC_US={microseconds} {program} "$@"
"""


def compiled(folder: Path, *, compilers: tuple[str, ...] = COMPILERS) -> Path:
    """Compile the library into a folder. Raises BenchError when there is no compiler, or it fails."""
    compiler = next((found for name in compilers if (found := shutil.which(name))), None)
    if compiler is None:
        raise BenchError(
            f"A slow disk needs a C compiler, and this machine has none of: {', '.join(compilers)}."
            " Install one (Debian: apt install gcc), or leave the slow disk out with --no-slow-disk."
        )
    library = folder / "slow_fsync.so"
    done = subprocess.run(  # noqa: S603 - the machine's own compiler on our own file
        [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)],
        capture_output=True,
        text=True,
        timeout=COMPILE_SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{compiler} cannot compile {SOURCE.name}: {done.stderr[-300:]}")
    library.chmod(0o755)
    return library


@contextmanager
def slow_disk(server: Postgres, *, library: Path, microseconds: int) -> Iterator[None]:
    """Start the server again on the same data with slow syncs, and at the end without them."""
    usual = server.binaries
    server.binaries = _wrapped(server, library=library, microseconds=microseconds)
    try:
        server.restart()
        yield
    finally:
        server.binaries = usual
        server.restart()


def _wrapped(server: Postgres, *, library: Path, microseconds: int) -> Path:
    folder = library.parent / "slow"
    folder.mkdir(mode=0o755, exist_ok=True)
    script = folder / "postgres"
    program = shlex.quote(str(server.binaries / "postgres"))
    script.write_text(SCRIPT.format(library=shlex.quote(str(library)), microseconds=microseconds, program=program))
    script.chmod(0o755)
    return folder
