import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

import asyncpg
import pytest
from typer.testing import CliRunner

from chassis.dead_letters import DeadLetter, NewDeadLetter, add_dead_letters, list_dead_letters
from chassis.message_headers import event_headers
from chassis.postgres import Database
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.main import app
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret

CARD = "378282246310005"
LETTER = NewDeadLetter(
    consumer="follow-charges",
    message_id="ChargeAuthorized:1",
    subject="hashtill.payments.v1.charge_authorized.0",
    headers=event_headers(
        message_id="ChargeAuthorized:1",
        event_type="hashtill.payments.v1.ChargeAuthorized",
        source="",
        at=datetime(2026, 3, 1, tzinfo=UTC),
        aggregate="1",
        version=1,
        traceparent=None,
    ),
    body=f"note {CARD}".encode(),
    stream="PAYMENTS",
    sequence=7,
    reason=f"ValueError: no such thing as {CARD}",
    attempts=8,
)


@pytest.fixture
def suite(fresh_database: FreshDatabase) -> Mapping[str, str]:
    """The variables of a suite whose orders service has one dead letter and the others none."""
    orders, others = fresh_database("dead", migrate), fresh_database("dead", migrate)
    asyncio.run(bury(orders))
    dsns = {service: orders if service == "orders" else others for service in SERVICES}
    return {f"HASHTILL_CHECK_{service.upper()}_DATABASE_URL": dsn for service, dsn in dsns.items()}


def test_dead_letters_are_listed_over_every_service(suite: Mapping[str, str]) -> None:
    listed = dead(suite, "list", "--json")
    shown = dead(suite, "list")

    assert [json.loads(line)["service"] for line in listed.splitlines()] == ["orders"]
    for word in ("orders", "follow-charges", "ChargeAuthorized:1", "open", "ValueError"):
        assert word in shown


def test_a_dead_letter_is_shown_whole_but_for_card_numbers(suite: Mapping[str, str]) -> None:
    shown = dead(suite, "show", "orders", "1")

    for word in ("hashtill.payments.v1.ChargeAuthorized", "PAYMENTS/7", "no such thing", "note"):
        assert word in shown
    assert CARD not in shown


def test_a_replay_is_asked_for_and_says_who_asked(suite: Mapping[str, str]) -> None:
    said = dead(suite, "replay", "orders", "1", "--by", "mia")

    letter = kept(suite)
    assert said.strip() == "1 of 1 handed to their consumer again (orders)."
    assert (letter.replay_at is not None, letter.resolved_at, letter.resolved_by) == (True, None, "mia")


def test_a_dropped_letter_is_closed_by_name_and_cannot_be_replayed(suite: Mapping[str, str]) -> None:
    dead(suite, "drop", "orders", "1", "--by", "mia")

    again = dead(suite, "replay", "orders", "1", exit_code=1)
    listed = dead(suite, "list", "--json")

    letter = kept(suite)
    assert "0 of 1" in again
    assert listed == ""
    assert (letter.resolved_at is not None, letter.resolved_by) == (True, "mia")


def test_without_a_name_the_account_that_did_it_is_kept(suite: Mapping[str, str]) -> None:
    dead(suite, "drop", "orders", "1")

    assert kept(suite).resolved_by


def test_a_service_or_a_letter_that_is_none_is_said_so(suite: Mapping[str, str]) -> None:
    assert "There is no service 'order'. There are: identity, offers" in dead(suite, "drop", "order", "1", exit_code=1)
    assert "has no such dead letter" in dead(suite, "show", "orders", "99", exit_code=1)


def dead(suite: Mapping[str, str], *arguments: str, exit_code: int = 0) -> str:
    """Run a command; gives all that it said."""
    done = CliRunner().invoke(app, ["dead", *arguments], env=suite)
    assert done.exit_code == exit_code, done.output
    return done.output


def kept(suite: Mapping[str, str]) -> DeadLetter:
    """Read the one letter as it stands."""

    async def read() -> DeadLetter:
        database = Database.open(Secret(suite["HASHTILL_CHECK_ORDERS_DATABASE_URL"]), application_name="tests")
        async with database.transaction() as connection:
            found = await list_dead_letters(connection, also_resolved=True)
        await database.close()
        return found[0]

    return asyncio.run(read())


async def bury(dsn: str) -> None:
    database = Database.open(Secret(dsn), application_name="tests")
    async with database.transaction() as connection:
        await add_dead_letters(connection, [LETTER])
    await database.close()


def migrate(dsn: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(dsn, ssl=False)
        await connection.execute(files("chassis").joinpath("message_tables.sql").read_text(encoding="utf-8"))
        await connection.close()

    asyncio.run(run())
