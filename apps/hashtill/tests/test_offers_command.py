"""`hashtill offers` against a served offers service: what is applied, what is refused and where, what is listed."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from services.offers.tests.offers_world import Clock
from services.offers.tests.served_offers import serving
from typer.testing import CliRunner, Result

from hashtill_cli.embedded.ports import free_port
from hashtill_cli.main import app
from hashtill_cli.programmes import filled_programme
from offers.outbound.memory import MemoryOffersStore, memory_requests_of


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """A person's terminal in a folder, with the service's address at hand."""

    folder: Path
    target: str
    clock: Clock

    def file(self, text: str) -> Path:
        path = self.folder / "p.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def programme(self) -> str:
        at = self.clock()
        return filled_programme(starts_at=at - timedelta(days=1), ends_at=at + timedelta(days=7))

    async def run(self, *arguments: str) -> Result:
        words = ["offers", *arguments, "--target", self.target]
        return await asyncio.to_thread(CliRunner().invoke, app, words)

    async def apply(self, text: str, *options: str) -> Result:
        return await self.run("apply", str(self.file(text)), *options)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    clock = Clock()
    store = MemoryOffersStore(clock)
    async with serving(store.transactions, requests=memory_requests_of) as served:
        yield Terminal(folder=tmp_path, target=served.target, clock=clock)


def done(result: Result) -> list[str]:
    """Read the last column of the table."""
    rows = [line.split("│") for line in result.stdout.splitlines() if line.startswith("│")]
    return [cells[3].strip() for cells in rows]


async def test_a_programme_is_created_and_published_then_unchanged(terminal: Terminal) -> None:
    first = await terminal.apply(terminal.programme())
    again = await terminal.apply(terminal.programme())

    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert done(first) == ["created"] * 3 + ["created, published"] * 5
    assert done(again) == ["unchanged"] * 8


async def test_what_differs_is_updated(terminal: Terminal) -> None:
    await terminal.apply(terminal.programme())

    result = await terminal.apply(
        terminal.programme().replace("stock: 300", "stock: 301").replace("Urban Zen\n", "UZ\n")
    )

    assert done(result) == [
        "unchanged",
        "unchanged",
        "updated",
        "unchanged",
        "unchanged",
        "updated",
        "unchanged",
        "unchanged",
    ]


async def test_a_dry_run_says_what_would_be_and_does_nothing(terminal: Terminal) -> None:
    dry = await terminal.apply(terminal.programme(), "--dry-run")
    listed = await terminal.run("list", "--json")

    assert done(dry) == ["created"] * 3 + ["created, published"] * 5
    assert "would be" in dry.stdout
    assert listed.stdout == ""


async def test_refusals_of_the_server_stand_at_their_place_and_do_not_stop_the_rest(terminal: Terminal) -> None:
    text = terminal.programme().replace("149.99 USD", "0.00 USD").replace("kindle-fire-hd\n", "K\n", 1)

    result = await terminal.apply(text)

    assert result.exit_code == 1
    lines = [line.partition("p.yaml:")[2] for line in result.stderr.splitlines()]
    assert [line.split(": ")[1] for line in lines] == ["offers[1].offer_id", "offers[1].price"]
    assert all(line.endswith("[INVALID_FIELD]") for line in lines)
    assert done(result).count("created, published") == 4


async def test_a_taken_tag_is_told_at_the_offer(terminal: Terminal) -> None:
    await terminal.apply(terminal.programme())
    second = terminal.programme().replace("offer_id: xbox-360", "offer_id: xbox-361")

    result = await terminal.apply(second)

    assert result.exit_code == 1
    assert "offers[4]: #BuyXbox360 belongs to the offer xbox-360 until it ends" in result.stderr
    assert "[TAG_TAKEN]" in result.stderr


async def test_a_fixed_field_is_told_at_its_line(terminal: Terminal) -> None:
    await terminal.apply(terminal.programme())

    result = await terminal.apply(terminal.programme().replace("#BuyXbox360", "#BuyXbox361"))

    assert "offers[4].tag: stays as it is since xbox-360 was published" in result.stderr


async def test_an_unknown_merchant_is_told_for_each_of_its_offers(terminal: Terminal) -> None:
    result = await terminal.apply(
        terminal.programme().replace("merchant_id: urban-zen\n    tag", "merchant_id: zen\n    tag")
    )

    assert "offers[3]: There is no merchant zen" in result.stderr


async def test_mistakes_in_the_file_stop_before_the_server_is_asked(terminal: Terminal) -> None:
    result = await terminal.apply(terminal.programme().replace("stock: 300", "stock: lots"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "offers[2].stock: must be a whole number" in result.stderr


async def test_a_file_that_is_no_text_is_told(terminal: Terminal) -> None:
    terminal.file("").write_bytes(b"\xff\xfe")

    result = await terminal.run("apply", str(terminal.folder / "p.yaml"))

    assert "p.yaml:1:1: The file is no UTF-8 text." in result.stderr


async def test_offers_are_listed_as_a_table_or_as_json(terminal: Terminal) -> None:
    await terminal.apply(terminal.programme())

    listed = [json.loads(line) for line in (await terminal.run("list", "--json")).stdout.splitlines()]
    of_one = await terminal.run("list", "--merchant", "urban-zen")

    assert {offer["tag"] for offer in listed} >= {"BuyKindleFireHD", "BuyXbox360"}
    assert "urban-zen" in of_one.stdout
    assert "$80.00" in of_one.stdout
    assert "kindle" not in of_one.stdout


async def test_a_bad_question_to_list_is_told(terminal: Terminal) -> None:
    result = await terminal.run("list", "--merchant", "a" * 60)

    assert (result.exit_code, "merchant_id" in result.stderr) == (1, True)


def test_without_a_running_suite_the_remedy_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["offers", "list", "--data", str(tmp_path)])

    assert result.exit_code == 1
    assert "make up" in result.stderr


def test_a_service_that_is_away_is_told() -> None:
    result = CliRunner().invoke(app, ["offers", "list", "--target", f"127.0.0.1:{free_port()}"])

    assert (result.exit_code, "does not answer" in result.stderr) == (1, True)
