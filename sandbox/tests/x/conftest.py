"""One simulated X for each test, in the test's own loop on a free port."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest
from pydantic import SecretStr

from sandbox.x.client import XClient
from sandbox.x.server import RunningServer, start
from sandbox.x.settable_clock import SettableClock
from sandbox.x.settings import Settings, Tier

StartX = Callable[..., Awaitable[XClient]]


@pytest.fixture(autouse=True)
def _nothing_goes_wrong_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A handler that raises is a bug of the simulation, also when nobody reads its answer."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(now=1_900_000_000.0)


@pytest.fixture
async def start_x() -> AsyncIterator[StartX]:
    """Starts servers with the settings (and clock) a test names."""
    running: list[RunningServer] = []
    async with aiohttp.ClientSession() as session:

        async def started(*, clock: Callable[[], float] | None = None, **chosen: object) -> XClient:
            fixed = {
                "heartbeat_seconds": 0.2,
                "redirect_uris": ("http://127.0.0.1:9/callback",),
                "client_secret": SecretStr("s3cret"),
                "program_access_token": SecretStr("program-token"),
            }
            settings = Settings.model_validate(fixed | chosen)
            server = await (start(settings, clock=clock) if clock else start(settings))
            running.append(server)
            return XClient(session, server.url)

        yield started
        for server in running:
            await server.stop()


@pytest.fixture
async def x(start_x: StartX) -> XClient:
    """An enterprise X with short heartbeats."""
    return await start_x(tier=Tier.ENTERPRISE)


@pytest.fixture
async def app_token(x: XClient) -> str:
    return await x.app_token("hashtill", "s3cret")
