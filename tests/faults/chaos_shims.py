"""Shims: a small C library that bends one process's clock and slows its fsync, made where there is a C compiler."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("chaos_shim.c")

LIBRARY = "chaos_shim.so"

ARMED_FSYNC = "postgres.slow"
"""While this file is in the home, PostgreSQL's fsync takes 50 ms longer."""

COMPILERS = ("cc", "gcc", "clang")

COMPILE_SECONDS_MAX = 60


def compiler() -> str | None:
    """Find a C compiler; None where there is none."""
    return next(
        (found for name in (os.environ.get("CC", ""), *COMPILERS) if name and (found := shutil.which(name))), None
    )


def compiled_shim(home: Path) -> Path | None:
    """Make the library in that folder; None without a compiler."""
    program = compiler()
    if program is None:
        return None
    library = home / LIBRARY
    command = [program, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True, timeout=COMPILE_SECONDS_MAX)  # noqa: S603 - the machine's compiler on our own source
    library.chmod(0o755)
    return library
