"""Processes beside a measurement: told their plan on standard input, ended by its end, heard on standard output."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import uvloop

from chassis.logs import configure_logs
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.embedded.processes import die_with_parent

END_SECONDS_MAX = 60.0
"""What a process does when asked to end takes seconds here."""

READY = "ready\n"
"""What a process says once everything is imported."""

Work = Callable[[Mapping[str, Any], asyncio.Event], Awaitable[Mapping[str, Any]]]
"""(plan, stop) -> what was seen; ends soon after `stop` is set."""


class Beside:
    """One such process, ready: `tell` it to begin, `end` it to hear what it saw. Left without that, it is killed."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock is taken
            env=dict(os.environ),
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("Both are pipes.")
        self._input = self._process.stdin
        if self._process.stdout.readline() != READY:
            self.close()
            raise BenchError(f"{module} did not start; its words are above.")

    def tell(self, plan: Mapping[str, Any]) -> None:
        """Let its work begin."""
        self._input.write(json.dumps(plan) + "\n")
        self._input.flush()

    @property
    def pid(self) -> int:
        """The process, to be charged for its CPU."""
        return self._process.pid

    def end(self) -> Mapping[str, Any]:
        """Ask it to end and give what it saw. Raises BenchError."""
        said, _ = self._process.communicate(timeout=END_SECONDS_MAX)
        if self._process.returncode:
            raise BenchError(f"{self._module} failed; its words are above.")
        seen: Mapping[str, Any] = json.loads(said)
        return seen

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill it if it lives."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def work_beside(work: Work) -> None:
    """Be such a process: say it is ready, hear the plan, work until standard input ends, and say what was seen."""
    configure_logs(service="bench", level="ERROR")
    sys.stdout.write(READY)
    sys.stdout.flush()
    plan = json.loads(sys.stdin.readline())
    seen = uvloop.run(_until_the_input_ends(work, plan))
    say_whole(seen)


def say_whole(seen: Mapping[str, Any]) -> None:
    """Write what was seen through a buffer: PYTHONUNBUFFERED leaves standard output none, and a signal cuts it off."""
    with open(sys.stdout.fileno(), "w", closefd=False) as out:
        out.write(json.dumps(seen))


async def _until_the_input_ends(work: Work, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), read)
    return await work(plan, stop)


async def until(stop: asyncio.Event, *, pause_seconds: float, look: Callable[[], Awaitable[None]]) -> None:
    """Look again and again until stopped, with a pause between."""
    while not stop.is_set():
        await look()
        await asyncio.sleep(pause_seconds)
