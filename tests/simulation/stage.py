"""The stage: what everybody in a simulation shares: the loop and its clock, the weather, the trace, the processes."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.chance import Fault, Weather, stream
from tests.simulation.loop import OwnedTask, SimLoop
from tests.simulation.waking import Signal

BEGINNING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday, so that a week of business days follows."""

LATENCY_SECONDS = 0.004
"""A step outside (a statement, a message) takes up to this long."""

AT_ONCE, IN_BETWEEN = 0.4, 0.65
"""So often a step takes no time: up to the first nobody comes between, up to the second others may."""

DOWN_SECONDS = (0.5, 8.0)
"""How long a process that died is away."""


class Stage:
    """One simulated world from its seed."""

    def __init__(self, seed: int, *, storm: float, spared: frozenset[str] = frozenset()) -> None:
        self.seed = seed
        order = stream(seed, "order of callbacks")
        self.loop = SimLoop(order)  # type: ignore[abstract]  # sockets, threads and signals are what it must not have
        self.weather = Weather(seed=seed, storm=storm, spared=spared, on_strike=self._struck)
        self.draw = stream(seed, "latency").random
        self.trace: list[tuple[float, str, str]] = []
        self.bugs: list[str] = []
        self.nodes: dict[str, Node] = {}
        self._watched: dict[tuple[str, ...], Signal] = {}
        self.loop.on_task(_adopt)

    def now(self) -> datetime:
        """The true time."""
        return BEGINNING + timedelta(seconds=self.loop.time())

    def seconds_until(self, at: datetime) -> float:
        """Give how far a moment is, in the loop's seconds."""
        return (at - BEGINNING).total_seconds() - self.loop.time()

    def tell(self, who: str, what: str) -> None:
        """Write a line of the trace."""
        self.trace.append((self.loop.time(), who, what))

    def bug(self, who: str, error: BaseException) -> None:
        """Note an exception that nobody foresaw: a seed with one fails."""
        self.bugs.append(f"{who}: {type(error).__name__}: {error}".split("\n", 1)[0])
        self.tell(who, f"bug {type(error).__name__}: {error}".split("\n", 1)[0])

    def trace_hash(self) -> str:
        """Hash everything that happened, in order."""
        text = "\n".join(f"{at:.6f} {who} {what}" for at, who, what in self.trace)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def watch(self, *what: str) -> Signal:
        """Give the signal that is set when this happens: a reply to a post, a mail, news of an order."""
        return self._watched.setdefault(what, Signal())

    def happened(self, *what: str) -> None:
        """Wake whoever watches this."""
        if (signal := self._watched.get(what)) is not None:
            signal.set()

    async def latency(self) -> None:
        """Take the time that a step outside takes."""
        if (seconds := self.latency_seconds()) is not None:
            await asyncio.sleep(seconds)

    def latency_seconds(self) -> float | None:
        """Draw the time that a step outside takes; None for one between whose ends nobody comes."""
        drawn = self.draw()
        if drawn <= AT_ONCE:
            return None
        return 0.0 if drawn < IN_BETWEEN else LATENCY_SECONDS * drawn

    def _struck(self, name: str, where: str) -> None:
        self.tell("fault", f"{name} {where}")


class Life:
    """One life of a process; whatever it holds outside asks first whether it still lives, so the dead do nothing."""

    def __init__(self, node: "Node", number: int) -> None:
        self.node, self.stage, self.number = node, node.stage, number
        self.alive = True
        self._tasks: list[OwnedTask[Any]] = []

    def spawn(self, work: Coroutine[Any, Any, Any], name: str = "") -> OwnedTask[Any]:
        """Start a task of this process; an exception out of it is a bug."""
        task = self.stage.loop.create_task(work, name=name)
        self.own(task)
        task.add_done_callback(self._look)
        return task

    def own(self, task: OwnedTask[Any]) -> None:
        """Take a task for ours: it dies with us."""
        task.owner = self
        self._tasks.append(task)
        if len(self._tasks) > 500:
            self._tasks = [each for each in self._tasks if not each.done()]

    def check(self) -> None:
        """End the task that asks if the process is dead."""
        if not self.alive:
            raise asyncio.CancelledError

    async def step(self, where: str) -> None:
        """Take a step outside: it takes time, and the process may die in the middle of it."""
        self.check()
        if (seconds := self.stage.latency_seconds()) is not None:
            await asyncio.sleep(seconds)
            self.check()
        if self.stage.weather.strikes(Fault.CRASH_AT_A_STEP, where):
            self.node.crash()
            self.check()

    def end(self) -> None:
        """Let every task vanish."""
        self.alive = False
        for task in self._tasks:
            task.cancel()

    def leftovers(self) -> list[str]:
        """Name the tasks that live on after the end; there must be none."""
        return [str(task.get_coro()) for task in self._tasks if not task.done()]

    def _look(self, task: OwnedTask[Any]) -> None:
        if self.alive and not task.cancelled() and (error := task.exception()) is not None:
            self.stage.bug(self.node.name, error)


class Node:
    """A process that may die and is started again; its database lives on."""

    def __init__(self, stage: Stage, name: str, start: Callable[[Life], None]) -> None:
        self.stage, self.name, self._start = stage, name, start
        self.clock_off = timedelta(0)
        self.lives = 0
        self.life: Life | None = None
        stage.nodes[name] = self

    def now(self) -> datetime:
        """The time by this process's and its database's clock."""
        return self.stage.now() + self.clock_off

    def boot(self) -> None:
        """Start the process."""
        if self.life is not None and (left := self.life.leftovers()):
            self.stage.bugs.append(f"{self.name}: a dead process still runs {left}")
        self.lives += 1
        self.life = Life(self, self.lives)
        self.stage.tell(self.name, f"starts, life {self.lives}")
        self._start(self.life)

    def crash(self, *, down_seconds: float | None = None) -> None:
        """Kill the process now; it is started again after a while."""
        life = self.life
        if life is None or not life.alive:
            return
        low, high = DOWN_SECONDS
        away = low + (high - low) * self.stage.draw() if down_seconds is None else down_seconds
        self.stage.tell(self.name, f"dies, back in {away:.3f} s")
        life.end()
        self.stage.loop.call_later(away, self.boot)

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self.life is not None and self.life.alive


def _adopt(task: OwnedTask[Any]) -> None:
    """A task's tasks belong to whom it belongs."""
    parent = asyncio.current_task() if asyncio._get_running_loop() is not None else None
    if isinstance(parent, OwnedTask) and isinstance(parent.owner, Life):
        parent.owner.own(task)
