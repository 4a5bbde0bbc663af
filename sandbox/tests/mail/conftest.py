"""A real mail sink on free ports."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.mail.main import MailSink, start
from sandbox.mail.settings import Settings


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    running = await start(Settings())
    yield running
    await running.stop()


@pytest.fixture
async def api(sink: MailSink) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sink.url) as session:
        yield session
