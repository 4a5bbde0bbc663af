import asyncio
import time

import pytest
from tests.simulation import loop as loops
from tests.simulation.chance import stream
from tests.simulation.loop import SimLoop, StuckError

YEAR_SECONDS = 365 * 86_400.0


def new_loop(seed: int = 1) -> SimLoop:
    return SimLoop(stream(seed, "order"))  # type: ignore[abstract]  # sockets and threads are what it must not have


def order_of(seed: int) -> list[int]:
    loop, ran = new_loop(seed), list[int]()
    for number in range(20):
        loop.call_soon(ran.append, number)
    loop.run_until(0.0)
    return ran


def test_a_year_passes_at_once() -> None:
    loop, began = new_loop(), time.monotonic()

    loop.run_until_complete(asyncio.sleep(YEAR_SECONDS))

    assert loop.time() == YEAR_SECONDS
    assert time.monotonic() - began < YEAR_SECONDS


def test_what_is_ready_runs_in_an_order_of_the_seed() -> None:
    assert sorted(order_of(1)) == list(range(20))
    assert order_of(1) == order_of(1)
    assert order_of(1) != order_of(2)


def test_timers_run_in_the_order_of_their_time_whatever_the_seed() -> None:
    for seed in range(5):
        loop, ran = new_loop(seed), list[float]()
        for delay in (0.3, 0.1, 0.2):
            loop.call_later(delay, ran.append, delay)

        loop.run_until(1.0)

        assert ran == [0.1, 0.2, 0.3]


def test_nothing_runs_behind_the_moment_asked_for() -> None:
    loop, ran = new_loop(), list[str]()
    loop.call_later(1.0, ran.append, "in time")
    loop.call_later(2.0, ran.append, "later")

    loop.run_until(1.5)

    assert (ran, loop.time()) == (["in time"], 1.5)


def test_a_cancelled_timer_never_runs() -> None:
    loop, ran = new_loop(), list[str]()
    loop.call_later(1.0, ran.append, "cancelled").cancel()

    loop.run_until(2.0)

    assert ran == []


def test_asyncios_own_tools_work_on_it() -> None:
    async def wait_in_vain() -> str:
        try:
            await asyncio.wait_for(asyncio.Event().wait(), timeout=60)
        except TimeoutError:
            return "waited"
        return "found"

    async def both() -> list[str]:
        async with asyncio.Lock():
            return [*await asyncio.gather(wait_in_vain(), wait_in_vain())]

    loop = new_loop()

    assert loop.run_until_complete(both()) == ["waited", "waited"]
    assert loop.time() == 60.0


def test_a_program_that_never_rests_is_told_from_one_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "STEPS_MAX", 1_000)

    async def spin() -> None:
        while True:  # noqa: ASYNC110 - it is what is tested
            await asyncio.sleep(0)

    with pytest.raises(StuckError):
        new_loop().run_until_complete(spin())
