"""A card network's life: what outlives a restart, what memory keeps, and a clean stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from sandbox.cardnet.book import Account, Book
from sandbox.cardnet.client import Client
from sandbox.cardnet.main import serve, start
from sandbox.cardnet.records import AuthorizationState
from sandbox.cardnet.requests import AuthorizationRequest
from sandbox.cardnet.settings import Settings

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Client]:
    cardnet = await start(settings)
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with aiohttp.ClientSession(cardnet.url, headers=headers) as session:
        yield Client(session)
    await cardnet.stop()


async def test_tokens_outlive_a_restart() -> None:
    async with running(Settings()) as before:
        token = await before.token()
    async with running(Settings()) as after:
        reply = await after.authorize(token)

    assert reply.body["state"] == "authorized"


async def test_only_the_newest_authorizations_and_movements_are_kept() -> None:
    async with running(Settings(authorizations_max=2)) as client:
        token = await client.token()
        ids = [(await client.authorize(token)).body["id"] for _ in range(8)]
        statuses = [(await client.get(f"/v1/authorizations/{each}")).status for each in ids[-3:]]
        gone = await client.get("/v1/ledger?after=0")
        kept = await client.get("/v1/ledger?after=2")

    assert statuses == [404, 200, 200]
    assert (gone.status, gone.code) == (410, "ledger_truncated")
    assert [movement["sequence"] for movement in kept.body["movements"]] == [3, 4, 5, 6, 7, 8]


def test_a_hold_lapses_in_its_time_however_many_have_left_before_it() -> None:
    book, hold = Book(authorizations_max=2), timedelta(days=7)
    account = Account(account_reference="par", last4="0008")
    request = AuthorizationRequest(token="t", amount_minor=5, currency="USD", reference="order-1", merchant="Kindle")
    made = [book.authorize(request, account=account, hold=hold, decline_code=None, at=NOW) for _ in range(9)]

    book.lapse_due(at=NOW + hold - timedelta(seconds=1))
    before = [book.find_authorization(each.id).state for each in made[-2:]]
    book.lapse_due(at=NOW + hold)
    after = [book.find_authorization(each.id).state for each in made[-2:]]

    assert before == [AuthorizationState.AUTHORIZED] * 2
    assert after == [AuthorizationState.EXPIRED] * 2


async def test_serve_ends_when_told_to_stop() -> None:
    stop = asyncio.Event()
    served = asyncio.create_task(serve(Settings(), stop))

    stop.set()
    async with asyncio.timeout(5):
        await served

    assert served.exception() is None


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=5000", "after=" + "9" * 5_000])
async def test_a_ledger_query_out_of_range_is_a_400(query: str) -> None:
    async with running(Settings()) as client:
        reply = await client.get(f"/v1/ledger?{query}")

    assert (reply.status, reply.code) == (400, "out_of_range")
