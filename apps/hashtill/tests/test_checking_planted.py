"""The whole check over six real databases, a real NATS and an outside world, with every promise broken once."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from apps.hashtill.tests.planted_breaches import PLANTS
from apps.hashtill.tests.planted_rows import Rows
from apps.hashtill.tests.planted_suite import (
    places_of_planted,
    still_suite,
    write_books,
    write_texts,
)
from rich.console import Console
from typer.testing import CliRunner

from hashtill_cli.checking.findings import Invariant
from hashtill_cli.checking.printing import print_check
from hashtill_cli.checking.reading.places import Places
from hashtill_cli.checking.run import Check, check
from hashtill_cli.embedded.databases import run_sql
from hashtill_cli.main import app
from hashtill_cli.testing import Databases
from kernel.secret import Secret

HEALTHY = Rows("healthy", 0)

ONE_SIDED = """
CREATE OR REPLACE VIEW balance AS
SELECT credit_account AS account, currency_code, sum(amount_minor)::bigint AS balance_minor
FROM transfer GROUP BY credit_account, currency_code
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found, and what each plant must be named by."""

    check: Check
    named: Mapping[str, str]


@pytest.fixture(scope="module")
def checked(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    planted = [Rows(name, number) for number, name in enumerate(PLANTS, 1)]
    named = {rows.name: PLANTS[rows.name][1](rows) for rows in planted}
    folder = tmp_path_factory.mktemp("planted")
    everything = [HEALTHY, *planted]
    texts = write_texts(folder, everything)
    with still_suite(databases, folder, everything) as (dsns, url, outside):
        asyncio.run(write_books(dsns, url, everything, also=[ONE_SIDED]))
        places = places_of_planted(dsns, url, outside, texts)
        yield Checked(asyncio.run(check(places, again_seconds=0)), named)


@pytest.mark.parametrize(("name", "invariant"), [(name, invariant) for name, (invariant, _) in PLANTS.items()])
def test_a_breach_planted_in_the_books_is_found_and_named(name: str, invariant: Invariant, checked: Checked) -> None:
    breaches = [each for verdict in checked.check.verdicts for each in verdict.breaches]

    named = [each.invariant for each in breaches if any(checked.named[name] in an_id for an_id in each.ids)]

    assert invariant in named, [each for each in breaches if each.invariant is invariant]


def test_accounts_that_do_not_cancel_out_are_named_by_their_currency(checked: Checked) -> None:
    ledger = next(verdict for verdict in checked.check.verdicts if verdict.invariant is Invariant.LEDGER)

    assert ("USD",) in [breach.ids for breach in ledger.breaches]


def test_every_invariant_is_broken_by_some_plant() -> None:
    assert {invariant for invariant, _ in PLANTS.values()} == set(Invariant)


def test_the_healthy_order_beside_them_breaks_nothing(checked: Checked) -> None:
    its_own = {str(HEALTHY.order_id), HEALTHY.offer_id, HEALTHY.post_id, HEALTHY.confirming_id, HEALTHY.message_id}
    its_own |= {str(HEALTHY.id(what)) for what in ("charge", "prompt", "receipt", "link")}

    named = {an_id for verdict in checked.check.verdicts for each in verdict.breaches for an_id in each.ids}

    assert named & its_own == set()


def test_the_ids_and_the_history_of_a_breach_are_printed(checked: Checked) -> None:
    said = StringIO()

    print_check(checked.check, Console(file=said, width=300))

    order_id, steps = next(iter(checked.check.stories.items()))
    assert f"The story of order {order_id}" in said.getvalue()
    assert steps[-1].detail in said.getvalue()
    assert checked.named["units out of nothing"] in said.getvalue()


def test_the_command_ends_with_0_when_all_holds_and_with_1_at_the_first_breach(
    databases: Databases, tmp_path: Path
) -> None:
    rows = Rows("alone", 1)
    texts = write_texts(tmp_path, [rows])
    with still_suite(databases, tmp_path, [rows]) as (dsns, url, outside):
        asyncio.run(write_books(dsns, url, [rows], also=()))
        environ = variables_of(places_of_planted(dsns, url, outside, texts))
        clean = CliRunner().invoke(app, ["check"], env=environ)
        run_sql(Secret(dsns["orders"]), ["UPDATE orders SET confirm_by = confirmed_at - interval '1 s'"])
        broken = CliRunner().invoke(app, ["check"], env=environ)

    assert (clean.exit_code, len(clean.output.splitlines()), clean.output.count("✓")) == (0, 10, 10), clean.output
    assert (broken.exit_code, broken.output.count("✓"), "✗ 2" in broken.output) == (1, 9, True), broken.output
    assert f"The story of order {rows.order_id}" in broken.output


def variables_of(places: Places) -> dict[str, str]:
    """Write places as the variables that name an external suite."""
    found = {f"{service.upper()}_DATABASE_URL": dsn for service, dsn in places.databases.items()} | {
        "NATS_URL": places.nats_url,
        "PROCESSOR_URL": places.processor_url,
        "PROCESSOR_KEY": places.processor_key,
        "MAIL_URL": places.mail_url,
        "X_URL": places.x_url,
        "LOGS": str(places.logs),
        "SPANS": str(places.spans),
    }
    return {f"HASHTILL_CHECK_{name}": value for name, value in found.items()} | {"COLUMNS": "300"}
