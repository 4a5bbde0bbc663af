"""Readiness: a forked watcher asks every process until it is ready, so that the parent never opens a channel.

It tells the parent by a pipe, one name a line, and ends when all are ready.
"""

import asyncio
import os
import signal
from collections.abc import Sequence

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hashtill_cli.embedded.ports import LOOPBACK, answers
from hashtill_cli.embedded.processes import die_with_parent
from hashtill_cli.supervisor.spec import ProcessSpec, Ready

ASK_EVERY_SECONDS = 0.05
"""A start takes seconds; a twentieth more is not felt."""

ANSWER_SECONDS_MAX = 1.0


class Watcher:
    """The watching child, and the end of the pipe it tells us by."""

    def __init__(self, specs: Sequence[ProcessSpec]) -> None:
        self._end, told = os.pipe()
        os.set_blocking(self._end, False)
        self.pid = os.fork()
        if self.pid == 0:
            _watch(specs, told)
        os.close(told)
        self._rest = b""

    def newly_ready(self) -> list[str]:
        """Name what has got ready since the last time; never waits."""
        try:
            read = os.read(self._end, 65_536)
        except BlockingIOError:
            return []
        *names, self._rest = (self._rest + read).split(b"\n")
        return [name.decode() for name in names]

    def close(self) -> None:
        """Forget the pipe; the child ends by itself, or with the others."""
        os.close(self._end)


def _watch(specs: Sequence[ProcessSpec], told: int) -> None:
    try:
        os.setpgid(0, 0)
        die_with_parent(signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        asyncio.run(_watch_all(specs, told))
    finally:
        os._exit(0)


async def _watch_all(specs: Sequence[ProcessSpec], told: int) -> None:
    async with asyncio.TaskGroup() as group:
        for spec in specs:
            group.create_task(_watch_one(spec, told))


async def _watch_one(spec: ProcessSpec, told: int) -> None:
    ask = _healthy if spec.ready is Ready.HEALTH else _listening
    while not await ask(spec.ready_port):  # noqa: ASYNC110 - it asks another process, which sets no Event of ours
        await asyncio.sleep(ASK_EVERY_SECONDS)
    os.write(told, f"{spec.name}\n".encode())


async def _listening(port: int) -> bool:
    return answers(port)


async def _healthy(port: int) -> bool:
    if not answers(port):
        return False
    async with aio.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        request = health_pb2.HealthCheckRequest(service="readiness")
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=ANSWER_SECONDS_MAX)
        except aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
