"""An event loop without a machine below it: its clock is virtual, and what runs next is drawn from the seed."""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

STEPS_MAX = 2_000_000
"""Callbacks one run may take: a hundred times what a seed needs, so more is a loop that never rests."""


class StuckError(Exception):
    """The program never came to rest."""


class Handle:
    """Something to be called, unless it is cancelled before; a timer knows when."""

    __slots__ = ("_when", "arguments", "call", "cancelled_", "context")

    def __init__(
        self, call: Callable[..., object], arguments: tuple[object, ...], context: Context | None, when: float
    ) -> None:
        self.call, self.arguments, self._when = call, arguments, when
        self.context = copy_context() if context is None else context
        self.cancelled_ = False

    def cancel(self) -> None:
        """Never call it."""
        self.cancelled_ = True

    def cancelled(self) -> bool:
        """Whether it is never called."""
        return self.cancelled_

    def when(self) -> float:
        """Give the timer's moment."""
        return self._when


class OwnedTask(asyncio.Task[T]):
    """A task that knows whose it is: the process that started it, or nobody's (the world's)."""

    owner: Any = None


class SimLoop(asyncio.AbstractEventLoop):
    """Runs callbacks one at a time in an order drawn from `random`; time passes only when nothing is ready."""

    def __init__(self, random: Random) -> None:
        self._random = random.random
        self._ready: list[Handle] = []
        self._timers: list[tuple[float, int, Handle]] = []
        self._now, self._scheduled, self.steps = 0.0, 0, 0
        self._adopt: Callable[[OwnedTask[Any]], None] = lambda _task: None
        self.failures: list[dict[str, Any]] = []

    def time(self) -> float:
        return self._now

    def on_task(self, adopt: Callable[[OwnedTask[Any]], None]) -> None:
        """Call this with every new task."""
        self._adopt = adopt

    def call_soon(  # type: ignore[override]  # the stub types the arguments by a variadic we have no need of
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, context, self._now)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> Handle:
        when = self._now + delay if delay > 0.0 else self._now
        return self.call_at(when, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, context, when)
        self._scheduled += 1
        heapq.heappush(self._timers, (when, self._scheduled, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # as above
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> OwnedTask[T]:
        task: OwnedTask[T] = OwnedTask(coro, loop=self, name=name, context=context)
        self._adopt(task)
        return task

    def run_until(self, when: float) -> None:
        """Run everything that happens up to a moment."""
        self._run(when)
        self._now = max(self._now, when)

    def run_until_complete(self, future: Any) -> Any:
        """Run until a coroutine or future is done."""
        waited_for = future if asyncio.isfuture(future) else self.create_task(future)
        self._run(float("inf"), waited_for)
        return waited_for.result()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def _run(self, until: float, waited_for: Any = None) -> None:
        """Run what happens up to a moment, or until what is waited for is done."""
        ready, draw = self._ready, self._random
        events._set_running_loop(self)
        try:
            for self.steps in range(self.steps, STEPS_MAX):  # noqa: B020 - counts on from where it stood
                if (waited_for is not None and waited_for.done()) or not (ready or self._pass_time(until)):
                    return
                if (count := len(ready)) > 1:
                    place = int(draw() * count)
                    ready[place], ready[-1] = ready[-1], ready[place]
                handle = ready.pop()
                if not handle.cancelled_:
                    handle.context.run(handle.call, *handle.arguments)
        finally:
            events._set_running_loop(None)
        raise StuckError(f"{STEPS_MAX} steps and no rest at {self._now:.3f} s")

    def _pass_time(self, until: float) -> bool:
        """Move the clock to the next timers and make all of that moment ready; false when there are none in time."""
        timers = self._timers
        while timers and timers[0][2].cancelled_:
            heapq.heappop(timers)
        if not timers or timers[0][0] > until:
            return False
        self._now = now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= now:
            self._ready.append(heapq.heappop(timers)[2])
        return True
