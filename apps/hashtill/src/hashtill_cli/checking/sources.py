"""Sources: what one check reads from, opened once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.aio.client import Client

from chassis.jetstream import connect
from hashtill_cli.checking.reading.databases import Book, open_books
from hashtill_cli.checking.reading.outside import Outside, open_outside
from hashtill_cli.checking.reading.places import Places
from kernel.secret import Secret

NATS_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Open databases and streams; no client when no NATS was named."""

    places: Places
    books: Mapping[str, Book]
    nats: Client | None
    outside: Outside
    settled: bool = False
    """Nothing moves any more, so nothing may still be on its way."""


@asynccontextmanager
async def open_sources(places: Places) -> AsyncIterator[Sources]:
    """Open everything that is named."""
    async with open_books(places.databases) as books, open_outside() as outside:
        url = Secret(places.nats_url)
        client = await connect(url, name="check", wait_seconds=NATS_SECONDS_MAX) if places.nats_url else None
        try:
            yield Sources(places=places, books=books, nats=client, outside=outside)
        finally:
            if client is not None:
                await client.close()
