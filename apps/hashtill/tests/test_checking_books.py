from dataclasses import replace
from uuid import UUID

import pytest
from apps.hashtill.tests.checked_cases import PROMPT, movement

from hashtill_cli.checking import answers, effects, ledgers, stock, telling
from hashtill_cli.checking.findings import Breach, Findings, Invariant
from hashtill_cli.checking.leaks import Scanner
from hashtill_cli.checking.rows import EffectRow, OutboxRow, StockRow
from hashtill_cli.checking.telling import StoredMessage
from hashtill_cli.demo.pace import TEST_CARD
from sandbox.cardnet.card_numbers import mint_number
from sandbox.cardnet.card_ranges import RANGES

STOCK = StockRow(offer_id="kindle", total=10, available=7, held=1, committed=2, holds_held=1, holds_committed=2)
A, B = UUID(int=1), UUID(int=2)
ORDERED = EffectRow(network="x", post="100", order_id=A, effect="ordered")
ROW = OutboxRow(msg_id="held:1", subject="hashtill.orders.v1.order_held.0", stream_seq=5)
MESSAGE = StoredMessage(sequence=5, message_id="held:1", subject=ROW.subject)
SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    "changes", [{"available": 6}, {"available": 8, "held": 0}, {"available": 8, "committed": 1}, {"holds_held": 2}]
)
def test_stock_that_does_not_add_up_names_its_offer(changes: dict[str, int]) -> None:
    found = list(stock.breaches([STOCK, replace(STOCK, offer_id="mug", **changes)]))

    assert {breach.ids for breach in found} == {("mug",)}


def test_balances_that_do_not_cancel_out_name_their_currency() -> None:
    assert [breach.ids for breach in ledgers.unbalanced({"USD": 0, "EUR": 5})] == [("EUR",)]


def test_movements_of_no_order_of_ours_name_their_reference() -> None:
    assert [breach.ids for breach in ledgers.foreign({"stray": [movement(1, "authorization")]})] == [("stray",)]


@pytest.mark.parametrize(
    "second",
    [replace(ORDERED, order_id=B), replace(ORDERED, effect="confirmed", order_id=B)],
    ids=["ordered", "confirmed"],
)
def test_a_post_with_two_effects_is_named_with_both_orders(second: EffectRow) -> None:
    found = list(effects.breaches([ORDERED, second, replace(ORDERED, post="101")]))

    assert [breach.ids for breach in found] == [("x:100", str(A), str(B))]


@pytest.mark.parametrize("there", [None, replace(MESSAGE, message_id="held:2")], ids=["empty", "another's"])
def test_a_published_row_that_is_not_in_its_place_is_named(there: StoredMessage | None) -> None:
    stored = {5: there} if there is not None else {}

    found = list(telling.missing([ROW], stored, stream="ORDERS", newest={}))

    assert [breach.ids for breach in found] == [("held:1", "ORDERS/5")]
    assert list(telling.missing([ROW], {5: MESSAGE}, stream="ORDERS", newest={})) == []


def test_a_key_that_was_written_again_replaces_what_was_there() -> None:
    assert list(telling.missing([ROW], {}, stream="KV_known_tags", newest={ROW.subject: 6})) == []


def test_a_message_that_no_outbox_wrote_is_named() -> None:
    stray = replace(MESSAGE, sequence=6, message_id="stray")

    found = list(telling.unwritten([MESSAGE, stray], {"held:1"}, stream="ORDERS"))

    assert [breach.ids for breach in found] == [("stray", "ORDERS/6")]


def test_two_replies_to_a_post_are_named_as_kept_and_as_the_network_shows_them() -> None:
    kept = [PROMPT, replace(PROMPT, delivery_id=B), replace(PROMPT, in_reply_to="200")]

    ours = list(answers.repeated(kept))
    shown = list(answers.seen_repeated([("100", "101"), ("200", "201"), ("100", "102")]))

    assert [breach.ids for breach in ours] == [("x:100", str(PROMPT.delivery_id), str(B))]
    assert [breach.ids for breach in shown] == [("100", "101", "102")]


def test_a_mail_that_no_delivery_wrote_is_named() -> None:
    found = list(answers.unknown_mails([f"<{A}@program.example>", f"<{B}@program.example>"], {str(A)}))

    assert [breach.ids for breach in found] == [(f"<{B}@program.example>",)]


@pytest.mark.parametrize("number", [TEST_CARD, *(mint_number(7, card_range=each.prefix) for each in RANGES)])
def test_every_test_card_is_found_in_any_text_and_never_repeated(number: str) -> None:
    grouped = f"{number[:4]} {number[4:10]}-{number[10:]}"

    for text in (f'{{"note":"{number}"}}', f"card {grouped}, please", f"\x12\x0f{number}\x18\x01"):
        found = list(Scanner(secrets={}).breaches(text, place="orders.orders 1"))
        assert [breach.ids for breach in found] == [("orders.orders 1",)], text
        assert number not in found[0].what


@pytest.mark.parametrize("text", ['"cvv": "1234"', "cvv=123", f"postgres://u:{SECRET}@h/d"])
def test_cvvs_and_secrets_are_found(text: str) -> None:
    assert len(list(Scanner(secrets={"seal_key": SECRET}).breaches(text, place="x.log"))) == 1


@pytest.mark.parametrize("text", ["2124709230370881536", "1764000000000000000", "tracking 378282246310006", "cvv"])
def test_ids_times_and_other_digits_are_no_card_numbers(text: str) -> None:
    assert list(Scanner(secrets={"short": "cvv"}).breaches(text, place="x.log")) == []


def test_an_id_that_happens_to_hold_the_digits_of_a_card_is_none() -> None:
    an_id, scanner = "52925929-6237-4999-ba15-78ff3cfa330b", Scanner(secrets={})

    assert list(scanner.breaches(f'{{"order_id":"{an_id}"}}', place="x.log")) == []
    assert len(list(scanner.breaches(an_id[:18], place="x.log"))) == 1


def test_a_breach_counts_only_when_it_is_seen_twice() -> None:
    lasting = Breach(invariant=Invariant.LEDGER, what="It differs for 6 min.", ids=("1",))
    before, after = Findings(), Findings()
    before.add([lasting, replace(lasting, ids=("2",))])
    older = replace(lasting, what="It differs for 7 min.")
    after.add([older, replace(lasting, ids=("3",))])

    assert after.lasting(before).breaches == [older]
    assert after.lasting(before).broken == {Invariant.LEDGER: 1}
