"""Workers run, crash and come back; readiness knows what it waits for; a stop closes things in reverse."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.health import READINESS, Health, is_serving
from chassis.lifecycle import Lifecycle, NotThereError
from chassis.workers import RESTART_MOST_SECONDS, Worker, restart_pause_seconds, supervise

SOON_SECONDS = 5


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    health = Health()
    await health.start("127.0.0.1:0")
    yield health
    await health.stop()


async def test_a_worker_asks_again_at_once_while_there_is_work_and_sleeps_when_there_is_none() -> None:
    left, slept = [3], asyncio.Event()

    async def run_once() -> bool:
        left[0] -= 1
        if left[0] < 0:
            slept.set()
        return left[0] >= 0

    worker, stop = Worker(run_once, poll_seconds=60), asyncio.Event()
    running = asyncio.ensure_future(worker.run(stop))
    await asyncio.wait_for(slept.wait(), SOON_SECONDS)
    stop.set()
    await asyncio.wait_for(running, SOON_SECONDS)

    assert left == [-1]


async def test_a_wake_up_during_a_tick_is_not_lost() -> None:
    ticks, stop = [0], asyncio.Event()

    async def run_once() -> bool:
        ticks[0] += 1
        if ticks[0] == 1:
            worker.wake()
        if ticks[0] == 2:
            stop.set()
        return False

    worker = Worker(run_once, poll_seconds=60)
    await asyncio.wait_for(worker.run(stop), SOON_SECONDS)

    assert ticks == [2]


async def test_a_crash_is_logged_once_and_the_loop_comes_back() -> None:
    runs, stop = [0], asyncio.Event()

    async def loop(_stop: asyncio.Event) -> None:
        runs[0] += 1
        if runs[0] == 1:
            raise KeyError("a bug")
        stop.set()

    with structlog.testing.capture_logs() as lines:
        await asyncio.wait_for(supervise("relay", loop, stop=stop), SOON_SECONDS)

    assert runs == [2]
    assert [(line["event"], line["worker"]) for line in lines] == [("worker_crashed", "relay")]


async def test_a_loop_that_never_recovers_stops_the_process(health: Health) -> None:
    lifecycle = Lifecycle(health=health)

    async def broken(_stop: asyncio.Event) -> None:
        raise KeyError("a bug")

    lifecycle.add_worker("relay", broken, crashes_max=2)
    await asyncio.wait_for(lifecycle.stopping.wait(), SOON_SECONDS)

    assert isinstance(lifecycle.failure, KeyError)


def test_pauses_between_restarts_grow_but_stay_bounded() -> None:
    drawn = [restart_pause_seconds(crashes) for crashes in range(1, 200)]

    assert all(0 < pause <= RESTART_MOST_SECONDS for pause in drawn)


async def test_a_process_is_ready_when_nothing_is_missing_any_more(health: Health) -> None:
    lifecycle, there = Lifecycle(health=health), asyncio.Event()

    async def probe() -> bool:
        return there.is_set()

    async with aio.insecure_channel(f"127.0.0.1:{health.port}") as channel:
        lifecycle.ready_after("offers", probe, remedy="Start offers.")
        await lifecycle.ready("start-up")
        before = (lifecycle.why_not_ready(), await is_serving(channel, name=READINESS))
        there.set()
        await until_ready(channel)
        after = lifecycle.why_not_ready()

    await lifecycle.stop()
    assert before == (frozenset({"offers"}), False)
    assert after == frozenset()


async def until_ready(channel: aio.Channel) -> None:
    watched: Any = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=READINESS))
    async with asyncio.timeout(SOON_SECONDS):
        async for answer in watched:
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                break
    watched.cancel()


async def test_what_does_not_come_in_time_is_named_with_its_remedy(health: Health) -> None:
    async def fails() -> bool:
        raise ConnectionRefusedError

    with pytest.raises(NotThereError, match=r"PostgreSQL did not answer within 0 s\. Start it\."):
        await Lifecycle(health=health).wait_for("PostgreSQL", fails, remedy="Start it.", timeout_seconds=0)


async def test_a_stop_goes_backwards_and_outlives_what_fails(health: Health) -> None:
    lifecycle, order = Lifecycle(health=health), list[str]()

    class Site:
        async def start(self) -> None:
            order.append("site starts")

        async def stop(self, *, grace_seconds: float) -> None:
            assert grace_seconds > 0
            order.append("site drains")

    async def loop(stop: asyncio.Event) -> None:
        await stop.wait()
        order.append("worker ends")

    async def close_database() -> None:
        order.append("database closes")

    async def close_nats() -> None:
        order.append("nats closes")
        raise ConnectionResetError

    lifecycle.on_stop("database", close_database)
    lifecycle.on_stop("nats", close_nats)
    lifecycle.add_worker("loop", loop)
    await lifecycle.add_server(Site())
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as lines:
        await lifecycle.stop()

    assert order == ["site starts", "site drains", "worker ends", "nats closes", "database closes"]
    assert [(line["event"], line["what"]) for line in lines] == [("failed_at_stop", "nats")]
