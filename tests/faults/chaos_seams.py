"""Seams: files in a run's home that tell a struck process how to live, and the variables that lead it there."""

import os
from pathlib import Path

HOME, SERVICE, SHIM = "CHAOS_HOME", "CHAOS_SERVICE", "CHAOS_SHIM"
"""Variables that tell a process where its blows are laid out, who it is, and the library that bends its clock."""


def gate_of(home: Path, service: str) -> Path:
    """While this file is there, the service does not start."""
    return home / f"{service}.down"


def clock_of(home: Path, service: str) -> Path:
    """Holds the seconds by which the clock of the service's next life is wrong."""
    return home / f"{service}.clock"


def pid_of(home: Path, service: str) -> Path:
    """Holds the process that is the service now."""
    return home / f"{service}.pid"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(text)
    fresh.replace(path)
