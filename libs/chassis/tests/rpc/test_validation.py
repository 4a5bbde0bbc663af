"""Whatever a request holds, it becomes a domain word or a refusal that names the field."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from chassis.validation import (
    page_token,
    read_choice,
    read_each,
    read_items,
    read_money,
    read_page_size,
    read_page_token,
    read_text,
    read_time,
    read_uuid,
)
from hashtill.common.v1.money_pb2 import Money as MoneyMessage
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind, RefusedError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


COLOURS = {1: Colour.RED, 2: Colour.BLUE}
AN_ID = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be001")

REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: read_text("", "name"), "name"),
    (lambda: read_text(" \t", "name"), "name"),
    (lambda: read_text("x" * 11, "name", characters_max=10), "name"),
    (lambda: read_text("a\x00b", "name"), "name"),
    (lambda: read_uuid("", "order_id"), "order_id"),
    (lambda: read_uuid("17", "items[3].order_id"), "items[3].order_id"),
    (lambda: read_money(MoneyMessage(amount_minor=-1, currency_code="USD"), "price"), "price.amount_minor"),
    (lambda: read_money(MoneyMessage(amount_minor=10**12 + 1, currency_code="USD"), "price"), "price.amount_minor"),
    (lambda: read_money(MoneyMessage(currency_code="USD"), "price", minor_min=1), "price.amount_minor"),
    (lambda: read_money(MoneyMessage(amount_minor=1, currency_code="usd"), "price"), "price.currency_code"),
    (lambda: read_money(MoneyMessage(), "price"), "price.currency_code"),
    (lambda: read_time(Timestamp(), "posted_at"), "posted_at"),
    (lambda: read_time(Timestamp(seconds=10**15), "posted_at"), "posted_at"),
    (lambda: read_time(Timestamp(seconds=-(10**15)), "posted_at"), "posted_at"),
    (lambda: read_choice(0, COLOURS, "colour"), "colour"),
    (lambda: read_choice(99, COLOURS, "colour"), "colour"),
    (lambda: read_items([], "items"), "items"),
    (lambda: read_items(range(201), "items"), "items"),
    (lambda: read_page_size(-1), "page_size"),
    (lambda: read_page_token("not a token", parts=1), "page_token"),
    (lambda: read_page_token("x" * 10_000, parts=1), "page_token"),
    (lambda: read_page_token(page_token("a", "b"), parts=1), "page_token"),
    (lambda: read_page_token("MQ", parts=1), "page_token"),
]


@pytest.mark.parametrize(("read", "field_path"), REFUSED)
def test_what_cannot_be_is_refused_by_its_path(read: Callable[[], Any], field_path: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read()

    refusal = caught.value.refusal
    assert (refusal.kind, refusal.reason, refusal.facts["field"]) == (RefusalKind.INVALID, "INVALID_FIELD", field_path)


def test_what_can_be_becomes_the_domains_word() -> None:
    posted_at = datetime(2026, 11, 23, 9, 0, 0, 250_000, tzinfo=UTC)
    stamp = Timestamp()
    stamp.FromDatetime(posted_at)

    assert read_text("Ann", "name") == "Ann"
    assert read_text("", "name", required=False) == ""
    assert read_uuid(str(AN_ID), "order_id") == AN_ID
    assert read_money(MoneyMessage(amount_minor=14_999, currency_code="USD"), "price") == Money(
        amount_minor=14_999, currency_code="USD"
    )
    assert read_time(stamp, "posted_at") == posted_at
    assert read_choice(2, COLOURS, "colour") is Colour.BLUE


def test_an_unknown_choice_is_answered_with_the_known_ones() -> None:
    with pytest.raises(RefusedError, match="red, blue; the number 99"):
        read_choice(99, COLOURS, "colour")


def test_a_card_number_in_the_wrong_field_is_not_repeated() -> None:
    with pytest.raises(RefusedError) as caught:
        read_uuid("4111111111111111", "order_id")

    assert "4111111111111111" not in caught.value.refusal.message


def test_a_bad_item_of_a_batch_is_refused_alone_and_in_its_place() -> None:
    read = read_each([str(AN_ID), "nonsense", str(AN_ID)], read_uuid, "order_ids")

    assert read[0] == read[2] == AN_ID
    assert isinstance(read[1], Refusal)
    assert read[1].facts["field"] == "order_ids[1]"


@pytest.mark.parametrize(("asked", "given_size"), [(0, 50), (7, 7), (200, 200), (100_000, 200)])
def test_a_page_is_never_larger_than_the_most(asked: int, given_size: int) -> None:
    assert read_page_size(asked) == given_size


def test_an_empty_token_is_the_first_page() -> None:
    assert read_page_token("", parts=2) is None


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_token_brings_its_position_back(position: list[str]) -> None:
    assert read_page_token(page_token(*position), parts=len(position)) == tuple(position)


@given(st.text(max_size=600))
def test_no_text_whatsoever_breaks_a_token_reader(text: str) -> None:
    try:
        read = read_page_token(text, parts=1)
    except RefusedError:
        return
    assert read is None or len(read) == 1
