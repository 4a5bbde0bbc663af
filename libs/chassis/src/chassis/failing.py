"""Failing on purpose: what an armed failpoint does to this process, told by files of a folder, each for one strike."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kernel.failpoints import FailPoint, arm

PAUSE_SECONDS_MAX = 120.0
"""A pause stops the whole process, as a long garbage collection or a frozen machine does."""


class FailpointError(Exception):
    """Raised at a failpoint armed with `raise`: an error that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Strikes:
    """Strikes where a file says so: `<folder>/<service>/<point>` holds `kill`, `raise` or `pause SECONDS`.

    Whoever takes the file (renames it to `<point>.struck`) has the effect, once, however often the point is passed.
    """

    folder: Path

    def __call__(self, point: FailPoint) -> None:
        """Take the file of this point, if there is one, and do what it says."""
        struck = self.folder / f"{point}.struck"
        with suppress(FileNotFoundError):
            (self.folder / point).rename(struck)
            what, _, seconds = struck.read_text().strip().partition(" ")
            _EFFECTS[what](point, float(seconds or 0))


def arm_failpoints(folder: Path | None, *, service: str) -> None:
    """Arm this process's failpoints for a fault test; without a folder nothing is armed."""
    if folder is not None:
        arm(Strikes(folder / service))


def _kill(_point: FailPoint, _seconds: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _pause(_point: FailPoint, seconds: float) -> None:
    time.sleep(min(seconds, PAUSE_SECONDS_MAX))


def _raise(point: FailPoint, _seconds: float) -> None:
    raise FailpointError(f"armed at {point}")


_EFFECTS: dict[str, Callable[[FailPoint, float], None]] = {"kill": _kill, "pause": _pause, "raise": _raise}
