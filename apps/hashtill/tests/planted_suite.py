"""A suite that stands still: six real databases, a real NATS, and an outside world that tells what it is given."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from aiohttp import web
from apps.hashtill.tests.planted_rows import NOW, PROGRAM, SHARED, Row, Rows
from nats.aio.client import Client
from sqlalchemy import make_url

from chassis.jetstream import api, connect, ensure_streams
from chassis.migrations import run_migrations
from hashtill_cli.checking.reading.places import Places
from hashtill_cli.embedded.databases import run_sql
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import embedded_nats
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.testing import Databases
from kernel.secret import Secret

SECRET = "correct-horse-battery-staple"

UNTIED = {
    "orders": ("ALTER TABLE orders DROP CONSTRAINT confirmed_in_time",),
    "payments": ("DROP INDEX charge_live",),
    "offers": ("ALTER TABLE stock DROP CONSTRAINT stock_conserved",),
}
"""The constraints that would refuse some plants: the checker must see what a lost one lets through."""


READER = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN
        CREATE ROLE reader LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data;
    END IF;
END $$
"""
"""The role that the chart's README tells operators to make for the checker."""


@contextmanager
def databases_of(databases: Databases) -> Iterator[dict[str, str]]:
    """Make every service's database by its own migrations; gives their addresses."""
    made: dict[str, str] = {}
    for service in SERVICES:

        def migrate(dsn: str, package: str = service) -> None:
            asyncio.run(run_migrations(Secret(dsn), package=package))

        made[service] = databases.copy_of(databases.template(f"checked_{service}", migrate))
    yield {service: databases.dsn(name) for service, name in made.items()}
    databases.drop(list(made.values()))


@contextmanager
def still_suite(
    databases: Databases, folder: Path, planted: Sequence[Rows]
) -> Iterator[tuple[dict[str, str], str, str]]:
    """Run what a suite needs, with nothing in it but what the outside world tells; gives its three addresses."""
    with (
        databases_of(databases) as dsns,
        embedded_nats(folder, keyring=Keyring(folder)) as nats,
        outside_world(planted) as outside,
    ):
        yield dsns, nats.url.reveal(), outside


async def write_books(dsns: Mapping[str, str], nats_url: str, planted: Sequence[Rows], *, also: Sequence[str]) -> None:
    """Write the rows into their databases and their messages into the stream; `also` are statements for payments."""
    client = await connect(Secret(nats_url), name="planting")
    await ensure_streams(client)
    books = await _opened(dsns)
    for service, statements in [*UNTIED.items(), ("payments", also)]:
        for statement in statements:
            await books[service].execute(statement)
    await _insert(books, SHARED)
    await _write_all(books, client, planted)
    await client.close()


async def write_on(dsns: Mapping[str, str], client: Client, planted: Sequence[Rows]) -> None:
    """Write more into the same books."""
    await _write_all(await _opened(dsns), client, planted)


async def _opened(dsns: Mapping[str, str]) -> dict[str, asyncpg.Connection]:
    return {service: await asyncpg.connect(dsn) for service, dsn in dsns.items()}


async def _write_all(books: Mapping[str, asyncpg.Connection], client: Client, planted: Sequence[Rows]) -> None:
    for rows in planted:
        await _write_rows(books, client, rows)
    for book in books.values():
        await book.close()


async def _write_rows(books: Mapping[str, asyncpg.Connection], client: Client, rows: Rows) -> None:
    """Write one order into every book."""
    sequence = await _publish(client, rows.message_id, b"{}")
    for outbox in rows.tables["orders.outbox"]:
        outbox.setdefault("stream_seq", sequence if outbox["published_at"] else None)
    for message_id, body in rows.strays:
        await _publish(client, message_id, body)
    if rows.remove_message:
        await api(client, "STREAM.MSG.DELETE.ORDERS", {"seq": sequence})
    await _insert(books, rows.tables)


def write_texts(folder: Path, planted: Sequence[Rows]) -> tuple[Path, Path]:
    """Write on in the log file and the collector's file; gives their folders."""
    logs, spans = folder / "logs", folder / "spans"
    logs.mkdir(exist_ok=True)
    spans.mkdir(exist_ok=True)
    with (logs / "orders.log").open("a") as log:
        log.writelines(f"{rows.log or 'all is well'}\n" for rows in planted)
    exports = ({"resourceSpans": [{"scopeSpans": [{"spans": [_span(rows)]}]}]} for rows in planted)
    with (spans / "spans.json").open("a") as file:
        file.writelines(json.dumps(export) + "\n" for export in exports)
    return logs, spans


def _span(rows: Rows) -> Row:
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in rows.attributes.items()]
    return {"name": rows.span or "step", "spanId": "4111111111111111", "endTimeUnixNano": "1", "attributes": attributes}


def places_of_planted(dsns: Mapping[str, str], nats_url: str, outside: str, texts: tuple[Path, Path]) -> Places:
    """Say where it all is, for a role that may only read."""
    run_sql(Secret(dsns["orders"]), [READER])
    return Places(
        databases={service: _as_reader(dsn) for service, dsn in dsns.items()},
        nats_url=nats_url,
        processor_url=outside,
        processor_key="key",
        mail_url=outside,
        x_url=outside,
        logs=texts[0],
        spans=texts[1],
        secrets={"canary": SECRET},
    )


def _as_reader(dsn: str) -> str:
    return make_url(dsn).set(username="reader", password="reader").render_as_string(hide_password=False)


@contextmanager
def outside_world(planted: Sequence[Rows]) -> Iterator[str]:
    """Answer as processor, mailbox and network do, from a thread of its own; gives the address."""
    loop, address, started = asyncio.new_event_loop(), list[str](), threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.add_routes(_routes(planted))
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.append("http://{}:{}".format(*runner.addresses[0]))
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(10)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _routes(planted: Sequence[Rows]) -> list[web.RouteDef]:
    """Read what is planted at each call, so that a test may go on planting."""

    async def ledger(request: web.Request) -> web.Response:
        movements = [{"sequence": at, **row} for at, row in enumerate((m for r in planted for m in r.movements), 1)]
        after = int(request.query["after"])
        return web.json_response({"movements": movements[after:], "last": len(movements), "has_more": False})

    async def mails(request: web.Request) -> web.Response:
        found = [{"id": at, "message_id": name} for at, (name, _) in enumerate(_mails(planted), 1)]
        return web.json_response({"mails": found[int(request.query["since"]) :][::-1]})

    async def raw(request: web.Request) -> web.Response:
        return web.Response(text=_mails(planted)[int(request.match_info["id"]) - 1][1])

    async def state(_: web.Request) -> web.Response:
        return web.json_response({"program": {"id": PROGRAM}})

    async def posts(request: web.Request) -> web.Response:
        shown = sorted((post for rows in planted for post in rows.posts), key=lambda post: int(post["id"]))
        return web.json_response(
            {"posts": [each for each in shown if int(each["id"]) > int(request.query["since_id"])]}
        )

    return [
        web.get("/v1/ledger", ledger),
        web.get("/api/mails", mails),
        web.get("/api/mails/{id}/raw", raw),
        web.get("/sandbox/state", state),
        web.get("/sandbox/posts", posts),
    ]


def _mails(planted: Sequence[Rows]) -> list[tuple[str, str]]:
    return [mail for rows in planted for mail in rows.mails]


async def _publish(client: Client, message_id: str, body: bytes) -> int:
    headers = {"Nats-Msg-Id": message_id, "ce-time": NOW.isoformat()}
    ack = await client.jetstream().publish("hashtill.orders.v1.order_held.0", body, headers=headers)
    return int(ack.seq)


async def _insert(books: Mapping[str, asyncpg.Connection], tables: Mapping[str, Sequence[Row]]) -> None:
    for table, rows in tables.items():
        service, _, name = table.partition(".")
        for row in rows:
            places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
            statement = f"INSERT INTO {name} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - names of ours
            await books[service].execute(statement, *row.values())
