"""Memory: what processes hold, shared pages counted by share (PSS), as Linux tells it."""

from pathlib import Path

import psutil


def pss_mb(pid: int) -> float | None:
    """Give the process's and its children's proportional set size in MB; None where the system does not tell."""
    try:
        pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return sum(_pss_kb(each) for each in pids) / 1024
    except (OSError, psutil.Error):
        return None


def _pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
