"""The disk watch: says when the disk under a running suite is nearly full, and when there is room again."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from hashtill_cli.embedded.folders import free_mb

LOW_MB = 64
"""Four segments of PostgreSQL's log: below this a commit may find no room, and PostgreSQL ends."""

ENOUGH_MB = 128
"""Room again; apart from the other bound, so that a disk on the brink is told of once."""

LOOK_SECONDS = 2.0


class DiskWatch:
    """Looks every few seconds, however often it is asked to."""

    def __init__(
        self,
        folder: Path,
        *,
        tell: Callable[[str], None],
        free: Callable[[Path], int] = free_mb,
        every_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._folder, self._tell, self._free, self._every_seconds = folder, tell, free, every_seconds
        self._is_low, self._looked_at = False, -math.inf

    def look(self) -> None:
        """Say what changed since the last look."""
        if time.monotonic() - self._looked_at < self._every_seconds:
            return
        self._looked_at, left = time.monotonic(), self._free(self._folder)
        if not self._is_low and left < LOW_MB:
            self._is_low = True
            self._tell(
                f"The disk of {self._folder} is nearly full ({left} MB free): free some space."
                " Until then nothing is lost, and nothing goes on that must be written."
            )
        elif self._is_low and left >= ENOUGH_MB:
            self._is_low = False
            self._tell(f"There is room again on the disk of {self._folder} ({left} MB free).")
