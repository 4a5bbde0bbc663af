"""The HTTP processor's words and ours: instructions as batch items, answers as outcomes, its noes as sentences."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, assert_never

from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret
from payments.domain.card import CardProduct, IssuerFacts, TokenizedCard
from payments.domain.card_entry import CardEntry
from payments.domain.instruction import Instruction
from payments.domain.operation import OperationKind
from payments.domain.outcome import Declined, Done, Gone, Outcome, Unknown
from payments.domain.reconciling import Movement, MovementKind

PATHS: Mapping[OperationKind, str] = MappingProxyType(
    {
        OperationKind.AUTH: "/v1/authorizations:batch",
        OperationKind.CAPTURE: "/v1/captures:batch",
        OperationKind.VOID: "/v1/voids:batch",
        OperationKind.REFUND: "/v1/refunds:batch",
    }
)

_GONE = frozenset(
    {"authorization_declined", "authorization_expired", "authorization_not_found", "already_voided", "capture_declined"}
    | {"capture_not_found"}
)
"""Noes that mean: nothing is held, or was taken, under what the instruction names."""

_DECLINED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND})
"""Statuses whose other noes are final; every other status leaves it open, a conflict too: already captured, a key
reused or still under way contradict what we know, and a person sees them."""

_MOVEMENTS = {
    "authorization": MovementKind.AUTHORIZE,
    "capture": MovementKind.CAPTURE,
    "void": MovementKind.GIVE_BACK,
    "lapse": MovementKind.GIVE_BACK,
    "release": MovementKind.GIVE_BACK,
    "refund": MovementKind.REFUND,
}

_CARD_NOES = MappingProxyType(
    {
        "invalid_number": ("number", "This is no valid card number. Please check it."),
        "card_not_supported": ("number", "This kind of card is not accepted here. Please use another one."),
        "expired_card": ("expiry", "This card has expired."),
        "invalid_expiry_month": ("expiry", "The expiry month is not right. Please check it."),
        "invalid_expiry_year": ("expiry", "The expiry year is not right. Please check it."),
        "incorrect_cvv": ("cvv", "The security code does not match this card. Please check it."),
    }
)


def item_of(instruction: Instruction) -> dict[str, object]:
    """Write an instruction as an item of its batch call."""
    item: dict[str, object] = {"idempotency_key": instruction.key}
    source, amount = instruction.source.reveal(), instruction.amount
    match instruction.kind:
        case OperationKind.AUTH:
            names = {"reference": instruction.reference, "merchant": instruction.merchant}
            money = {"amount_minor": amount.amount_minor, "currency": amount.currency_code}
            return item | {"token": source} | money | names
        case OperationKind.CAPTURE:
            return item | {"authorization": source, "amount_minor": amount.amount_minor}
        case OperationKind.VOID:
            return item | {"authorization": source}
        case OperationKind.REFUND:
            return item | {"capture": source, "amount_minor": amount.amount_minor}
        case _:
            assert_never(instruction.kind)


def outcome_of(status: int, body: Mapping[str, Any]) -> Outcome:
    """Read the answer to one operation; only what is surely done or surely refused is taken as that."""
    if status == HTTPStatus.OK:
        return _done_or_declined(body)
    code = str(body.get("error", {}).get("code", ""))
    if code in _GONE and status in {*_DECLINED, HTTPStatus.CONFLICT}:
        return Gone(code=code)
    return Declined(code=code) if code and status in _DECLINED else Unknown(why=code or f"http_{status}")


def _done_or_declined(body: Mapping[str, Any]) -> Outcome:
    if body.get("state") == "declined":
        return Declined(code=str(body.get("decline_code") or "declined"))
    if "id" not in body:
        return Unknown(why="answer_without_id")
    expires_at = body.get("expires_at")
    return Done(
        reference=str(body["id"]),
        network_reference=str(body.get("network_reference", "")),
        expires_at=_moment(expires_at) if expires_at else None,
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at


def token_request(entry: CardEntry) -> dict[str, object]:
    """Write a card for tokenisation: the one body that ever carries a number and a CVV."""
    billing = entry.billing
    return {
        "number": entry.number.reveal(),
        "exp_month": entry.exp_month,
        "exp_year": entry.exp_year,
        "cvv": entry.cvv.reveal(),
        "name": billing.name,
        "address": {
            "line1": billing.lines[0],
            "line2": ", ".join(billing.lines[1:]) or None,
            "city": billing.city,
            "state": billing.region or "-",
            "postal_code": billing.postal_code,
            "country": billing.country_code,
        },
    }


def tokenized_of(body: Mapping[str, Any]) -> TokenizedCard:
    """Read the token and what the issuer says of the card; a product we do not know is UNKNOWN, so not eligible."""
    product = str(body["product"]).upper()
    facts = IssuerFacts(
        brand=str(body["brand"]),
        product=CardProduct(product) if product in CardProduct.__members__ else CardProduct.UNKNOWN,
        country=str(body["country"]),
        last4=str(body["last4"]),
        account_reference=str(body["account_reference"]),
    )
    return TokenizedCard(processor_token=Secret(str(body["token"])), facts=facts)


def card_refusal(body: Mapping[str, Any]) -> Refusal:
    """Turn the processor's no to a card into a sentence and the field to correct."""
    code = str(body.get("error", {}).get("code", ""))
    field, sentence = _CARD_NOES.get(code, ("number", "This card cannot be used here. Please use another one."))
    return Refusal(kind=RefusalKind.INVALID, reason="CARD_REFUSED", message=sentence, facts={"field": field})


def processor_away() -> Refusal:
    """Say that the processor did not answer."""
    return Refusal(
        kind=RefusalKind.BUSY,
        reason="PROCESSOR_UNAVAILABLE",
        message="Your card could not be checked just now. Please try again in a moment.",
    )


def movement_of(row: Mapping[str, Any]) -> Movement:
    """Read one movement of the processor's ledger."""
    return Movement(
        reference=str(row["reference"]),
        kind=_MOVEMENTS[row["kind"]],
        amount_minor=int(row["amount_minor"]),
        currency_code=str(row["currency"]),
    )
