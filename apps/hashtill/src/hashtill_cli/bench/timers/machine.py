"""The machine under the timers: PostgreSQL started again with more memory, and with a disk whose every sync is slow."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hashtill_cli.bench.errors import BenchError
from hashtill_cli.embedded.postgres import Postgres

SOURCE = Path(__file__).with_name("slow_fsync.c")
COMPILERS = ("cc", "gcc", "clang")
COMPILE_SECONDS_MAX = 60.0

MAX_WAL_SIZE, CHECKPOINT_TIMEOUT = "8GB", "15min"
"""Like shared_buffers, what a server of a million orders is given: after each checkpoint every page is logged whole at
its first change, and the embedded default, sized for an evening, would begin several in a minute of this load."""

SCRIPT = """#!/bin/sh
exec env {environment} {program} "$@" -c shared_buffers={shared_buffers} {others}
"""
_OTHERS = f"-c max_wal_size={MAX_WAL_SIZE} -c checkpoint_timeout={CHECKPOINT_TIMEOUT}"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowDisk:
    """A library that makes syncs slow, and by how much."""

    library: Path
    microseconds: int


@contextmanager
def on_machine(server: Postgres, *, shared_buffers: str, slow: SlowDisk | None = None) -> Iterator[None]:
    """Start the server again on the same data with so much memory, and on a slow disk; at the end as it was."""
    usual = server.binaries
    server.binaries = _wrapped(server, shared_buffers=shared_buffers, slow=slow)
    try:
        server.restart()
        yield
    finally:
        server.binaries = usual
        server.restart()


def _wrapped(server: Postgres, *, shared_buffers: str, slow: SlowDisk | None) -> Path:
    folder = server.cluster.parent / "wrapped"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    preload = f"LD_PRELOAD={shlex.quote(str(slow.library))} SLOW_FSYNC_US={slow.microseconds}" if slow else ""
    script = folder / "postgres"
    program = shlex.quote(str(server.binaries / "postgres"))
    buffers = shlex.quote(shared_buffers)
    script.write_text(
        SCRIPT.format(environment=preload, program=program, shared_buffers=buffers, others=_OTHERS), encoding="utf-8"
    )
    script.chmod(0o755)
    return folder
