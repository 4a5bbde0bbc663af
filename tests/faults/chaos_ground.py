"""The ground of a chaos run: a suite in a folder of its own, its processes by name, and the links between them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil
from tests.faults import chaos_seams, chaos_suite
from tests.faults.chaos_links import Link, opened
from tests.faults.chaos_load import Load

from hashtill_cli.demo.pace import demo_variables
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.processes import die_with_parent
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.supervisor.address_book import AddressBook, NotRunningError, read_address_book

ROOT = Path(__file__).resolve().parents[2]

WINDOW_SECONDS = 20.0
"""The 15 minutes: long enough that a blow's healing does not run it out, short enough that an outage does."""

KEPT_MAX = "400000"
"""What the sandbox remembers: more than a run makes, so that nothing falls off before it is judged."""

START_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.05

SERVERS = {"postgres": "postgres", "nats": "nats-server"}
"""The programs of the suite's servers, as the system names their processes."""


class ChaosError(Exception):
    """The run cannot go on; the sentence says why."""


@dataclass(slots=True, kw_only=True)
class Ground:
    """What blows are struck at."""

    data: Path
    process: "subprocess.Popen[bytes]"
    chance: Random
    book: AddressBook
    links: Mapping[str, Link]
    load: Load = field(init=False)

    @property
    def home(self) -> Path:
        """Where blows are laid out for processes to find."""
        return chaos_suite.home_of(self.data)

    @property
    def log(self) -> Path:
        """What the supervisor says."""
        return self.data / "supervisor.log"

    def pid(self, name: str) -> int:
        """Name the process that is this service or server now. Raises ChaosError while there is none."""
        pid = self._server(SERVERS[name]) if name in SERVERS else int(chaos_seams.pid_of(self.home, name).read_text())
        if pid is None or not psutil.pid_exists(pid):
            raise ChaosError(f"There is no process of {name}.")
        return pid

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to it."""
        os.kill(self.pid(name), number)

    def kill(self, *names: str) -> None:
        """End these by kill -9, all at once."""
        for pid in [self.pid(name) for name in names]:
            os.kill(pid, signal.SIGKILL)

    async def reborn(self, name: str, *, after: int) -> None:
        """Wait until another process than that one is it."""
        await until(lambda: self._has_other(name, after), seconds=START_SECONDS_MAX, what=f"{name} being started again")

    def _has_other(self, name: str, pid: int) -> bool:
        try:
            return self.pid(name) != pid
        except ChaosError:
            return False

    def _server(self, program: str) -> int | None:
        children = psutil.Process(self.process.pid).children()
        return next((each.pid for each in children if _runs(each, program)), None)


def _runs(process: psutil.Process, program: str) -> bool:
    """Tell whether a process lives and is this program; one that was struck may be gone while it is asked."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and bool(process.name() == program)
    except psutil.NoSuchProcess:
        return False


async def until(holds: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until it holds. Raises ChaosError past the bound."""
    give_up_at = asyncio.get_running_loop().time() + seconds
    while not holds():
        if asyncio.get_running_loop().time() > give_up_at:
            raise ChaosError(f"Waited {seconds:g} s for {what}.")
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def ground(data: Path, *, chance: Random) -> AsyncIterator[Ground]:
    """Start a suite on a fresh folder with links in its connections; stop it at the end, whatever happened."""
    process = _start(data)
    try:
        links_file = chaos_suite.home_of(data) / chaos_suite.LINKS
        await until(lambda: links_file.exists() or _ended(process), seconds=START_SECONDS_MAX, what="PostgreSQL")
        _must_live(process, data)
        async with opened(links_file.read_text()) as links:
            await until(lambda: _is_ready(data) or _ended(process), seconds=START_SECONDS_MAX, what="the suite")
            _must_live(process, data)
            yield Ground(data=data, process=process, chance=chance, book=read_address_book(data), links=links)
    finally:
        _stop(process)


def keyring_of(ground: Ground) -> Keyring:
    """Open its folder's secrets."""
    return Keyring(ground.data.resolve())


def variables() -> dict[str, str]:
    """Give the suite's times and the sandbox's memory."""
    window = f"{WINDOW_SECONDS:g}"
    return demo_variables() | {
        "HASHTILL_CONFIRM_WINDOW_SECONDS": window,
        "SANDBOX_X_CONFIRM_WINDOW_SECONDS": window,
        "HASHTILL_EXPIRIES_MAX": KEPT_MAX,
        "HASHTILL_X_TIER": "enterprise",
        "SANDBOX_X_TIER": "enterprise",
        "SANDBOX_X_POSTS_MAX": KEPT_MAX,
        "SANDBOX_CARDNET_AUTHORIZATIONS_MAX": KEPT_MAX,
        "SANDBOX_MAIL_MAILS_MAX": KEPT_MAX,
        "SANDBOX_MAIL_BYTES_MAX": str(8 * 2**30),
    }


def _start(data: Path) -> "subprocess.Popen[bytes]":
    with (data / "supervisor.log").open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", chaos_suite.__name__, str(data)],
            cwd=ROOT,
            env=os.environ | variables(),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock is taken
        )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for child in psutil.Process(process.pid).children() if process.poll() is None else ():
        child.resume()
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()  # the kernel ends its children with it
        process.wait()


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def _is_ready(data: Path) -> bool:
    try:
        read_address_book(data)
    except NotRunningError:
        return False
    return True


def _must_live(process: "subprocess.Popen[bytes]", data: Path) -> None:
    if _ended(process):
        raise ChaosError(f"The suite did not start:\n{(data / 'supervisor.log').read_text()}")


ALL: Sequence[str] = (*SERVICES, *SERVERS)
"""Every process of ours."""
