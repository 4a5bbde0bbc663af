"""Children: the running processes of the suite, by pid; who died, when to fork it again, and the end of all."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hashtill_cli.supervisor.forking import fork
from hashtill_cli.supervisor.spec import ProcessSpec

PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 5.0
"""The pause before a fork doubles with each death in a row, up to this."""

STEADY_SECONDS = 30.0
"""Who lived this long starts its next life without a pause's memory."""

LOG_BYTES_MAX = 16 * 1024 * 1024
"""A log longer than this is set aside (one older one is kept) when its process starts."""


@dataclass(slots=True, kw_only=True)
class Child:
    """One process of the suite through all its lives."""

    spec: ProcessSpec
    log: Path
    pid: int = 0
    born_at: float = 0.0
    deaths: int = 0
    fork_at: float = 0.0

    def start(self) -> None:
        """Fork it."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".old.log"))
        self.pid, self.born_at = fork(self.spec, log=self.log), time.monotonic()

    def died(self) -> float:
        """Note its death; gives the pause in seconds until it is forked again."""
        steady = time.monotonic() - self.born_at > STEADY_SECONDS
        self.deaths = 1 if steady else self.deaths + 1
        pause = min(PAUSE_SECONDS * 2.0 ** (self.deaths - 1), PAUSE_SECONDS_MAX)
        self.pid, self.fork_at = 0, time.monotonic() + pause
        return pause


class Children:
    """All of them, in the order they start."""

    def __init__(self, specs: list[ProcessSpec], *, logs: Path) -> None:
        self.all = [Child(spec=spec, log=logs / f"{spec.name}.log") for spec in specs]

    def start_due(self) -> list[Child]:
        """Fork whoever has no process and whose pause is over."""
        due = [child for child in self.all if child.pid == 0 and time.monotonic() >= child.fork_at]
        for child in due:
            child.start()
        return due

    def dead(self) -> Iterator[tuple[Child, int]]:
        """Collect who has ended since the last time, with how: an exit code, or minus the signal."""
        for child in self.all:
            code = _ended(child.pid)
            if code is not None:
                yield child, code

    def stop(self, *, seconds_max: float) -> list[str]:
        """Ask all to end, wait, and kill the rest; names those that had to be killed."""
        for child in self.all:
            _signal(child.pid, signal.SIGTERM)
        give_up_at = time.monotonic() + seconds_max
        while (alive := self._alive()) and time.monotonic() < give_up_at:
            time.sleep(0.02)
        for child in alive:
            _signal(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
        return [child.spec.name for child in alive]

    def _alive(self) -> list[Child]:
        for child, _code in self.dead():
            child.pid = 0
        return [child for child in self.all if child.pid]


def _ended(pid: int) -> int | None:
    if pid == 0:
        return None
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _signal(pid: int, number: signal.Signals) -> None:
    if pid:
        os.kill(pid, number)
