"""The head of a report: how anyone gets it again, when it was made, and on what."""

import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil


def heading(program: str) -> str:
    """Write the two lines a report begins with: the command as it was called, the day, and the machine with its load.

    `program`: how the command begins, before its arguments. The load is that of the last quarter of an hour: who else
    works on the machine slows everything that is measured.
    """
    command = shlex.join([*program.split(), *sys.argv[1:]])
    return f"$ {command}\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}, load {os.getloadavg()[2]:.1f}"


def machine() -> str:
    """Say what machine this is."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {psutil.cpu_count()} cores, {memory:.0f} GB; "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
