"""A real card network on a free port, and a client that speaks to it over HTTP."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.cardnet.client import Client
from sandbox.cardnet.main import start
from sandbox.cardnet.settings import Settings

SHORT_SECONDS = 0.05


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    settings = Settings(withheld_seconds=SHORT_SECONDS, slow_seconds=SHORT_SECONDS, lapse_seconds=0.0)
    cardnet = await start(settings)
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with aiohttp.ClientSession(cardnet.url, headers=headers) as session:
        yield Client(session)
    await cardnet.stop()
