"""Validation: proto fields become domain words, or a refusal that names the field by its path."""

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol, TypeVar

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.masking import masked
from kernel.money import Money
from kernel.refusals import Refusal, RefusedError, invalid

AMOUNT_MINOR_MAX = 10**12
"""The largest amount any request may carry (common/v1/money.proto)."""

TEXT_MAX = 1_000
"""Characters of a text field that names no smaller bound."""

ITEMS_MAX = 200
"""Items of one batch (decision 0004: the unit of work)."""

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 200
"""More is given as this many, as AIP-158 asks."""

PAGE_TOKEN_MAX = 512

_CURRENCY = re.compile(r"[A-Z]{3}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
M = TypeVar("M")


class MoneyMessage(Protocol):
    """hashtill.common.v1.Money, by shape."""

    amount_minor: int
    currency_code: str


def refuse_field(field_path: str, message: str) -> NoReturn:
    """Refuse a request for one field: INVALID_ARGUMENT / INVALID_FIELD."""
    raise RefusedError(invalid(field_path=field_path, message=message))


def read_text(value: str, field_path: str, *, characters_max: int = TEXT_MAX, required: bool = True) -> str:
    """Take a text of 1 (0 when not required) to `characters_max` characters, without control characters."""
    if required and not value.strip():
        refuse_field(field_path, "must not be empty.")
    if len(value) > characters_max:
        refuse_field(field_path, f"has {len(value)} characters; at most {characters_max} are taken.")
    if any(ord(character) < ord(" ") and character not in "\n\t" for character in value):
        refuse_field(field_path, "holds control characters.")
    return value


def read_uuid(value: str, field_path: str) -> uuid.UUID:
    """Take a UUID in its usual text form."""
    try:
        return uuid.UUID(value)
    except ValueError:
        refuse_field(field_path, f"must be a UUID, for example {uuid.UUID(int=0x5EED)}; it is {_shown(value)}.")


def read_money(message: MoneyMessage, field_path: str, *, minor_min: int = 0) -> Money:
    """Take an amount from `minor_min` (never below 0) to 10^12 minor units, in an ISO 4217 code."""
    if _CURRENCY.fullmatch(message.currency_code) is None:
        shown = _shown(message.currency_code)
        refuse_field(f"{field_path}.currency_code", f'must be an ISO 4217 code such as "USD"; it is {shown}.')
    if not minor_min <= message.amount_minor <= AMOUNT_MINOR_MAX:
        bounds = f"must be from {minor_min} to {AMOUNT_MINOR_MAX}"
        refuse_field(f"{field_path}.amount_minor", f"{bounds}; it is {message.amount_minor}.")
    return Money(amount_minor=message.amount_minor, currency_code=message.currency_code)


def read_time(message: Timestamp, field_path: str) -> datetime:
    """Take a time as an aware UTC datetime; an unset one (1970) is refused."""
    if not message.seconds and not message.nanos:
        refuse_field(field_path, "must be set.")
    try:
        return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1_000)
    except OverflowError:
        refuse_field(field_path, "is not a time between the years 1 and 9999.")


def read_choice(value: int, choices: Mapping[Any, T], field_path: str) -> T:
    """Take an enum's number as the domain's word; UNSPECIFIED and numbers from the future are refused.

    `choices` maps each known number but 0, e.g. `{offer_pb2.OFFER_KIND_PURCHASE: OfferKind.PURCHASE}`.
    """
    if value not in choices:
        known = ", ".join(str(choice) for choice in choices.values())
        refuse_field(field_path, f"must be one of: {known}; the number {value} is none of them.")
    return choices[value]


def read_items(items: Sequence[M], field_path: str, *, items_max: int = ITEMS_MAX) -> Sequence[M]:
    """Take a batch of 1 to `items_max` items."""
    if not 1 <= len(items) <= items_max:
        refuse_field(field_path, f"must hold 1 to {items_max} items; it holds {len(items)}.")
    return items


def read_each(items: Sequence[M], read: Callable[[M, str], T], field_path: str) -> list[T | Refusal]:
    """Read a batch item by item: `read(item, "items[3]")` gives the word or its refusal is kept, in the same order."""
    return [read_or_refusal(read, item, f"{field_path}[{index}]") for index, item in enumerate(items)]


def read_or_refusal(read: Callable[[M, str], T], item: M, field_path: str) -> T | Refusal:
    """Read one item; what it refuses comes back as a value."""
    try:
        return read(item, field_path)
    except RefusedError as refused:
        return refused.refusal


def read_page_size(value: int, field_path: str = "page_size") -> int:
    """Take a page size: 0 is the default, more than the most is the most, below 0 is refused (AIP-158)."""
    if value < 0:
        refuse_field(field_path, "must not be negative.")
    return min(value or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def page_token(*position: str) -> str:
    """Write the position a next page starts after (the last row's sort keys as text) as an opaque token."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode()


def read_page_token(value: str, field_path: str = "page_token", *, parts: int) -> tuple[str, ...] | None:
    """Read a token of so many parts back; None for the first page."""
    if not value:
        return None
    position = _decoded(value) if len(value) <= PAGE_TOKEN_MAX else None
    if not isinstance(position, list) or len(position) != parts or not all(isinstance(each, str) for each in position):
        refuse_field(field_path, "is not a token this method gave; leave it empty to start from the first page.")
    return tuple(position)


def _decoded(value: str) -> Any:
    try:
        return orjson.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (binascii.Error, ValueError):
        return None


def _shown(value: str) -> str:
    """Show what was given, cut short, for a card number may be pasted anywhere."""
    return f'"{masked(value)[:40]}"' if value else "empty"
