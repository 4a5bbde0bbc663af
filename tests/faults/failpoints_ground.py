"""The ground of a failpoint run: a suite in a folder of its own, its strikes laid out as files, and who is back."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.faults.failpoints_places import Place, Strike

from hashtill_cli.demo.pace import demo_variables
from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.supervisor.address_book import AddressBook, read_address_book

ROOT = Path(__file__).resolve().parents[2]

READY_WORDS = "Stop: Ctrl-C"

START_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.1
ANSWER_SECONDS_MAX = 1.0

PACE = {
    "HASHTILL_CONFIRM_WINDOW_SECONDS": "6",
    "SANDBOX_X_CONFIRM_WINDOW_SECONDS": "6",
    "HASHTILL_SLACK_SECONDS": "1",
    "HASHTILL_REMORSE_SECONDS": "4",
    "SANDBOX_MERCHANT_ACCEPT_AFTER_SECONDS": "0.2",
    "SANDBOX_MERCHANT_SHIP_AFTER_SECONDS": "0.2",
    "SANDBOX_MERCHANT_POLL_SECONDS": "0.2",
}
"""Shorter than the demo's, so that a run takes about eight seconds; long enough to press a button in."""


class GroundError(Exception):
    """The run cannot go on; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A running suite whose failpoints can be armed."""

    data: Path
    process: "subprocess.Popen[bytes]"

    @property
    def book(self) -> AddressBook:
        """Where everything answers."""
        return read_address_book(self.data)

    @property
    def keyring(self) -> Keyring:
        """The folder's secrets."""
        return Keyring(self.data.resolve())

    def arm(self, strikes: Sequence[Strike]) -> None:
        """Lay out these strikes; whoever passes such a place first is struck, once."""
        for strike in strikes:
            armed = _file_of(self.data, strike.place)
            armed.parent.mkdir(parents=True, exist_ok=True)
            fresh = armed.with_name(f"{armed.name}.new")
            fresh.write_text(strike.words)
            fresh.rename(armed)

    def fell(self, strike: Strike) -> bool:
        """Say whether it happened."""
        return _struck_of(self.data, strike.place).exists()

    def fell_at(self, strike: Strike) -> float:
        """Say when it was taken, in seconds since 1970; only of one that happened."""
        return _struck_of(self.data, strike.place).stat().st_ctime

    def clear(self, strikes: Sequence[Strike]) -> None:
        """Take back what was laid out, done or not."""
        for strike in strikes:
            _file_of(self.data, strike.place).unlink(missing_ok=True)
            _struck_of(self.data, strike.place).unlink(missing_ok=True)

    async def serves(self, service: str) -> bool:
        """Ask a service whether it is ready."""
        async with aio.insecure_channel(self.book.processes[service]["health"]) as channel:
            request = health_pb2.HealthCheckRequest(service="readiness")
            try:
                answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=ANSWER_SECONDS_MAX)
            except aio.AioRpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def ground(*, keep: bool = False) -> AsyncIterator[Ground]:
    """Start a suite on a fresh folder; stop it at the end, whatever happened."""
    data = _fresh_folder()
    process = _start(data)
    try:
        await _ready(process, data)
        yield Ground(data=data, process=process)
    finally:
        await asyncio.to_thread(_stop, process)  # other suites are played on meanwhile
        if not keep:
            await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)


def _fresh_folder() -> Path:
    data = Path(tempfile.mkdtemp(prefix="hashtill-failpoints-"))
    data.chmod(PASSABLE)
    return data


def _start(data: Path) -> "subprocess.Popen[bytes]":
    variables = {**demo_variables(), **PACE, "HASHTILL_FAILPOINTS": str(_folder(data)), "COLUMNS": "200"}
    with _log_of(data).open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "tests.faults.failpoints_suite", "up", "--data", str(data)],
            cwd=ROOT,
            env=os.environ | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


async def _ready(process: "subprocess.Popen[bytes]", data: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while READY_WORDS not in (said := _log_of(data).read_text()):
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise GroundError(f"The suite did not start:\n{said}")
        await asyncio.sleep(LOOK_SECONDS)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()  # the kernel ends its children with it
        process.wait()


def _log_of(data: Path) -> Path:
    return data / "supervisor.log"


def _folder(data: Path) -> Path:
    return data / "failpoints"


def _file_of(data: Path, place: Place) -> Path:
    return _folder(data) / place.service / place.point


def _struck_of(data: Path, place: Place) -> Path:
    return _folder(data) / place.service / f"{place.point}.struck"
