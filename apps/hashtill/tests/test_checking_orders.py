from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from apps.hashtill.tests.checked_cases import (
    AT,
    AUTHOR,
    CASE,
    CHARGE,
    CHARGE_ID,
    CONFIRMED_AT,
    CONFIRMING,
    HOLD,
    ORDER,
    ORDER_ID,
    POST,
    PROMPT,
    movement,
    transfer,
    verdict,
    with_charge,
    with_order,
)

from hashtill_cli.checking import ages, answers, charging, confirming, effects, endings, ledgers
from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, LinkRow, WaitingRow
from kernel.snowflakes import first_snowflake_at

OTHER = UUID(int=9)
TWO_CHARGES = (replace(CHARGE, state="AUTHORIZED"), replace(CHARGE, charge_id=OTHER, state="AUTHORIZING"))
TWICE_HELD = (movement(1, "authorization"), movement(2, "authorization", authorization="auth_2"))
TAKEN_TWICE = (*CASE.movements, movement(3, "authorization", authorization="auth_2"), movement(4, "capture"))
LATE_ID = str(first_snowflake_at(CONFIRMED_AT + timedelta(minutes=6)))
STRANGER = replace(CASE.confirming_posts[0], author_id="666")
VOIDED = with_order(state="VOIDED")


def judged(case: Case) -> list[Breach]:
    """Ask every rule about an order."""
    rules: tuple[Callable[[Case], Iterator[Breach]], ...] = (
        charging.breaches,
        confirming.breaches,
        lambda each: ledgers.breaches(each, processor_read=True),
        lambda each: endings.breaches(each, at=AT),
        lambda each: ages.breaches(each, at=AT),
        effects.misjudged,
        answers.breaches,
    )
    return [breach for rule in rules for breach in rule(case)]


def test_an_order_that_went_as_it_should_breaks_nothing() -> None:
    assert judged(CASE) == []


PLANTED = {
    "charged beyond the total": (with_charge(amount_minor=16_332), Invariant.AMOUNT, str(CHARGE_ID)),
    "charged in another currency": (with_charge(currency_code="EUR"), Invariant.AMOUNT, str(CHARGE_ID)),
    "two live charges": (replace(CASE, charges=TWO_CHARGES), Invariant.AMOUNT, str(OTHER)),
    "two authorizations at the processor": (replace(CASE, movements=TWICE_HELD), Invariant.AMOUNT, "auth_2"),
    "taken twice at the processor": (replace(CASE, movements=TAKEN_TWICE), Invariant.AMOUNT, str(ORDER_ID)),
    "a charge of no order": (replace(CASE, order=None), Invariant.AMOUNT, str(CHARGE_ID)),
    "another amount in the prompt": (
        replace(CASE, deliveries=(replace(PROMPT, total_shown="$149.99"),)),
        Invariant.AMOUNT,
        str(PROMPT.delivery_id),
    ),
    "charged unconfirmed": (with_order(confirmation_kind=None, confirmed_at=None), Invariant.CONFIRMED, POST),
    "confirmed late": (with_order(confirm_by=CONFIRMED_AT - timedelta(seconds=1)), Invariant.CONFIRMED, CONFIRMING),
    "confirmed late by the post's own id": (
        with_order(confirmation_version_id=LATE_ID),
        Invariant.CONFIRMED,
        LATE_ID,
    ),
    "confirmed by a stranger": (replace(CASE, confirming_posts=(STRANGER,)), Invariant.CONFIRMED, CONFIRMING),
    "confirmed by a post nobody kept": (replace(CASE, confirming_posts=()), Invariant.CONFIRMED, CONFIRMING),
    "linked to somebody else": (
        replace(CASE, link=LinkRow(link_id=ORDER.link_id, network="x", network_user_id=AUTHOR + "1")),
        Invariant.CONFIRMED,
        POST,
    ),
    "captured without a transfer": (
        replace(CASE, transfers=(transfer("AUTHORIZE"),)),
        Invariant.LEDGER,
        str(CHARGE_ID),
    ),
    "refunded at the processor only": (
        replace(CASE, movements=(*CASE.movements, movement(3, "refund", 500))),
        Invariant.LEDGER,
        str(ORDER_ID),
    ),
    "an end with a live charge": (with_charge(state="AUTHORIZED"), Invariant.GIVEN_BACK, str(CHARGE_ID)),
    "an end with an open hold at the processor": (
        replace(CASE, movements=(movement(1, "authorization"),)),
        Invariant.GIVEN_BACK,
        "auth_1",
    ),
    "an end with a held unit": (
        replace(CASE, holds=(replace(HOLD, state="HELD"),)),
        Invariant.GIVEN_BACK,
        "kindle",
    ),
    "voided with a committed unit": (VOIDED, Invariant.GIVEN_BACK, "kindle"),
    "voided with money taken": (replace(VOIDED, holds=()), Invariant.GIVEN_BACK, str(ORDER_ID)),
    "a unit held for no order": (replace(CASE, order=None, charges=()), Invariant.GIVEN_BACK, "kindle"),
    "an order that sits": (with_order(state="CAPTURING"), Invariant.AGE, str(ORDER_ID)),
    "a hold that did not lapse": (
        replace(CASE, holds=(replace(HOLD, state="HELD", lapse_at=AT - timedelta(hours=1)),)),
        Invariant.AGE,
        "kindle",
    ),
    "no verdict on the order's post": (
        replace(CASE, verdicts=(verdict(CONFIRMING, "CONFIRMED"),)),
        Invariant.ONE_EFFECT,
        POST,
    ),
    "a verdict that tells of another confirmation": (
        replace(CASE, verdicts=(*CASE.verdicts, verdict("105", "CONFIRMED"))),
        Invariant.ONE_EFFECT,
        "105",
    ),
    "prompted twice": (
        replace(CASE, deliveries=(PROMPT, replace(PROMPT, delivery_id=OTHER))),
        Invariant.ONE_ANSWER,
        str(OTHER),
    ),
    "two receipts": (
        replace(CASE, deliveries=[replace(PROMPT, channel="MAIL", purpose="RECEIPT")] * 2),
        Invariant.ONE_ANSWER,
        str(PROMPT.delivery_id),
    ),
}


@pytest.mark.parametrize(("case", "invariant", "named"), PLANTED.values(), ids=PLANTED)
def test_a_planted_breach_is_found_with_its_ids(case: Case, invariant: Invariant, named: str) -> None:
    found = [breach for breach in judged(case) if breach.invariant is invariant]

    assert any(named in breach.ids and breach.order_id == str(ORDER_ID) for breach in found), found


def test_a_reauthorization_after_a_lapse_is_no_second_one() -> None:
    again = [movement(1, "authorization"), movement(2, "lapse"), movement(3, "authorization", authorization="auth_2")]

    assert charging.open_at_once_max(again) == 1


def test_a_button_in_the_mail_confirms_without_a_post() -> None:
    case = with_order(confirmation_kind="MAIL", confirmation_post_id=None, confirmation_version_id=None)

    assert list(confirming.breaches(replace(case, confirming_posts=()))) == []


def test_sixty_seconds_after_its_end_an_order_may_still_be_giving_back() -> None:
    case = replace(with_order(entered_at=AT - timedelta(seconds=59)), charges=(replace(CHARGE, state="VOIDING"),))

    assert list(endings.breaches(case, at=AT)) == []
    assert list(endings.breaches(case, at=AT + timedelta(seconds=1))) != []


def test_books_are_not_compared_while_an_operation_is_under_way_nor_beyond_the_processors_memory() -> None:
    unlike = replace(CASE, movements=())

    assert list(ledgers.breaches(replace(unlike, under_way=True), processor_read=True)) == []
    assert list(ledgers.breaches(replace(unlike, forgotten=True), processor_read=True)) == []
    assert list(ledgers.breaches(unlike, processor_read=False)) == []


def test_what_waits_too_long_is_told_by_its_id() -> None:
    row = WaitingRow(kind="outbox row", id="held:1", since=AT - timedelta(minutes=11), order_id=None)

    found = list(ages.overdue([row, replace(row, id="held:2", since=AT)], at=AT))

    assert [breach.ids for breach in found] == [("held:1",)]
