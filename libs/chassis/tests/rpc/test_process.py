"""A process starts when it has what it needs, drains on SIGTERM, and ends whatever hangs: each wait has its bound."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc import aio

from chassis.exporting import FLUSH_SECONDS
from chassis.health import READINESS, is_serving
from chassis.lifecycle import CLOSER_LEAST_SECONDS, CLOSERS_SECONDS, SERVERS_SECONDS, WORKERS_SECONDS
from chassis.process import LEAVE_SECONDS

PROGRAM = Path(__file__).with_name("probe_service.py")
ENVIRON = {"HASHTILL_DATABASE_URL": "postgresql://probe@127.0.0.1/probe", "HASHTILL_NATS_URL": "nats://127.0.0.1:1"}
READ_SECONDS = 45
"""What reading on may take in these tests, the machine may be busy; what hangs in them would hang for longer."""

Line = dict[str, Any]


class Running:
    """A started program: its log lines so far, and what it is told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[Line] = []
        self.text = ""

    async def line(self, event: str) -> Line:
        """Read on until that event is logged."""
        async with asyncio.timeout(READ_SECONDS):
            while not (found := [line for line in self.lines if line.get("event") == event]):
                await self._read()
        return found[0]

    async def end(self) -> int:
        """Read to the end; the exit code."""
        async with asyncio.timeout(READ_SECONDS):
            while await self._read():
                pass
            return await self.process.wait()

    async def _read(self) -> bool:
        assert self.process.stderr is not None
        raw = await self.process.stderr.readline()
        self.text += raw.decode()
        if raw.startswith(b"{"):
            self.lines.append(orjson.loads(raw))
        return bool(raw)


@asynccontextmanager
async def running(*arguments: str, **settings: str) -> AsyncIterator[Running]:
    chosen = {f"HASHTILL_{name.upper()}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *arguments,
        env={"PATH": os.environ["PATH"]} | ENVIRON | chosen,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def get(channel: aio.Channel, text: str, *, timeout_seconds: float = 10) -> Any:
    unary: Any = channel.unary_unary("/probe.v1.Probe/Get", StringValue.SerializeToString, StringValue.FromString)
    return unary(StringValue(value=text), timeout=timeout_seconds)


async def test_a_call_in_flight_is_finished_while_new_ones_are_refused() -> None:
    async with running() as service:
        port = (await service.line("grpc_listening"))["port"]
        health_port = (await service.line("health_listening"))["port"]
        await service.line("ready")
        async with (
            aio.insecure_channel(f"127.0.0.1:{port}") as kept,
            aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as fresh,
            aio.insecure_channel(f"127.0.0.1:{health_port}") as health,
        ):
            ready_before = await is_serving(health, name=READINESS)
            slow = asyncio.ensure_future(get(kept, "slow"))
            await service.line("call_begun")
            service.process.send_signal(signal.SIGTERM)
            refused = await until_refused(fresh)
            ready_after = await is_serving(health, name=READINESS)
            answer = await slow
        code = await service.end()

    assert ready_before
    assert not ready_after
    assert refused is grpc.StatusCode.UNAVAILABLE
    assert answer.value == "slow"
    assert (code, service.lines[-1]["event"]) == (0, "stopped")
    assert "database_closed" in [line["event"] for line in service.lines]


async def until_refused(channel: aio.Channel) -> grpc.StatusCode:
    """Call until a call fails; the signal needs a moment to arrive."""
    while True:
        try:
            await get(channel, "new")
        except aio.AioRpcError as error:
            return error.code()


async def test_whatever_hangs_is_named_and_the_process_ends_all_the_same() -> None:
    async with running(mode="hanging", otlp_endpoint="http://127.0.0.1:1") as service:
        port = (await service.line("grpc_listening"))["port"]
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stuck = asyncio.ensure_future(get(channel, "never"))
            await service.line("call_begun")
            service.process.send_signal(signal.SIGTERM)
            code = await service.end()
            with pytest.raises(aio.AioRpcError):
                await stuck

    hung = {line["what"] for line in service.lines if line["event"] == "hung_at_stop"}
    assert code == 0
    assert hung == {"calls in flight", "deaf", "stuck"}
    assert "database_closed" in [line["event"] for line in service.lines]


def test_the_bounds_of_a_stop_come_to_less_than_five_seconds() -> None:
    servers = SERVERS_SECONDS + CLOSER_LEAST_SECONDS

    assert servers + WORKERS_SECONDS + CLOSERS_SECONDS + FLUSH_SECONDS + LEAVE_SECONDS < 5


async def test_a_thread_that_blocks_does_not_keep_the_process() -> None:
    async with running(mode="blocking") as service:
        await service.line("ready")
        service.process.send_signal(signal.SIGTERM)
        code = await service.end()

    assert code == 0


async def test_a_signal_during_the_start_abandons_the_start() -> None:
    async with running(mode="waiting", log_level="DEBUG") as service:
        await service.line("health_listening")
        service.process.send_signal(signal.SIGINT)
        code = await service.end()

    assert code == 0


async def test_a_start_that_fails_says_why_once_and_ends_with_1() -> None:
    async with running(mode="broken") as service:
        code = await service.end()

    assert code == 1
    assert len([line for line in service.lines if "a bug at the start" in str(line)]) == 1


async def test_missing_settings_end_the_start_with_a_sentence_for_each() -> None:
    async with running(listen="nowhere", nats_url="") as service:
        code = await service.end()

    told = service.text.splitlines()
    assert code == 78
    assert len(told) == 2
    assert told[0].startswith("probe: HASHTILL_NATS_URL is wrong")
    assert told[1].startswith("probe: HASHTILL_LISTEN is wrong")


@pytest.mark.parametrize("variable", ["listen", "health_listen"])
async def test_an_address_that_is_taken_ends_the_start_with_one_sentence(variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with running(**{variable: address}) as service:
            code = await service.end()

    assert code == 1
    assert (await service.line("start_gave_up"))["why"] == (
        f"{address} is taken or not an address of this machine. Choose another HASHTILL_{variable.upper()}."
    )
    assert "Traceback" not in service.text


async def test_migrate_is_the_same_program_and_an_unknown_word_is_told_the_usage() -> None:
    async with running("migrate") as service:
        migrated = await service.end()
    async with running("migrat") as typo:
        refused = await typo.end()

    assert migrated == 0
    assert [line["event"] for line in service.lines] == ["schema_is_new", "migrated"]
    assert refused == 64
    assert "Usage: python -m probe [migrate]" in typo.text


async def test_a_supervisor_may_fork_it_after_importing_everything() -> None:
    async with running("fork") as supervisor:
        assert supervisor.process.stdout is not None
        child = int(await supervisor.process.stdout.readline())
        port = (await supervisor.line("grpc_listening"))["port"]
        await supervisor.line("ready")
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = await get(channel, "hello")
        os.kill(child, signal.SIGTERM)
        code = await supervisor.end()

    assert answer.value == "hello"
    assert code == 0
