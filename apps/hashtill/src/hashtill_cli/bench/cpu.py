"""CPU: what processes and their children have used, as Linux counts it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")

_USED = slice(11, 13)
_USED_BY_CHILDREN = slice(13, 15)
"""Of /proc/PID/stat behind the name: utime, stime; cutime, cstime (children that ended and were waited for)."""


def cpu_seconds(pid: int) -> float:
    """Give what a process, its living children and its ended ones have used so far; 0 when it is gone."""
    try:
        living = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return 0.0
    return _ticks(pid, _USED_BY_CHILDREN) + sum(_ticks(each, _USED) for each in living)


def cpu_of(pids: Mapping[str, int]) -> dict[str, float]:
    """Give the same by name."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def used_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Subtract, name by name."""
    return {name: after[name] - before[name] for name in before}


def total(used: Mapping[str, float], names: Iterable[str]) -> float:
    """Add up what these used."""
    return sum(used.get(name, 0.0) for name in names)


def _ticks(pid: int, fields: slice) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return sum(int(field) for field in stat.rpartition(")")[2].split()[fields]) / _TICKS
