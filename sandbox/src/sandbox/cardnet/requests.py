"""What a caller can ask for: five requests, each read strictly from JSON."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from sandbox.cardnet.fields import Fields


class Operation(StrEnum):
    """The operations that change something, and so carry an idempotency key."""

    TOKEN = "token"  # noqa: S105  the operation's name, not a secret
    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TokenRequest:
    """Exchange a card for a token; never printed, for it holds the number and the CVV."""

    number: str
    exp_month: int
    exp_year: int
    cvv: str
    postal_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """Hold an amount on a card for a merchant."""

    token: str
    amount_minor: int
    currency: str
    reference: str
    merchant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """Take at most the held amount, once; the rest of the hold is released."""

    authorization: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRequest:
    """Release a hold that was not captured."""

    authorization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give back part or all of a capture."""

    capture: str
    amount_minor: int


AnyRequest = TokenRequest | AuthorizationRequest | CaptureRequest | VoidRequest | RefundRequest

_TOKEN_FIELDS = frozenset(("number", "exp_month", "exp_year", "cvv", "name", "address"))
_ADDRESS_FIELDS = frozenset(("line1", "line2", "city", "state", "postal_code", "country"))
_AUTHORIZATION_FIELDS = frozenset(("token", "amount_minor", "currency", "reference", "merchant"))
_CAPTURE_FIELDS = frozenset(("authorization", "amount_minor"))
_VOID_FIELDS = frozenset(("authorization",))
_REFUND_FIELDS = frozenset(("capture", "amount_minor"))


def read_request(operation: Operation, contents: object) -> AnyRequest:
    """Read one operation's contents; a ProblemError names the field that is wrong."""
    match operation:
        case Operation.TOKEN:
            return _read_token(Fields(contents, allowed=_TOKEN_FIELDS))
        case Operation.AUTHORIZATION:
            return _read_authorization(Fields(contents, allowed=_AUTHORIZATION_FIELDS))
        case Operation.CAPTURE:
            fields = Fields(contents, allowed=_CAPTURE_FIELDS)
            amount = fields.amount_minor("amount_minor")
            return CaptureRequest(authorization=fields.text("authorization"), amount_minor=amount)
        case Operation.VOID:
            return VoidRequest(authorization=Fields(contents, allowed=_VOID_FIELDS).text("authorization"))
        case Operation.REFUND:
            fields = Fields(contents, allowed=_REFUND_FIELDS)
            return RefundRequest(capture=fields.text("capture"), amount_minor=fields.amount_minor("amount_minor"))
        case _:
            assert_never(operation)


def _read_token(fields: Fields) -> TokenRequest:
    fields.optional_text("name")
    address = fields.child("address", allowed=_ADDRESS_FIELDS)
    for name in ("line1", "city", "state", "country"):
        address.text(name)
    address.optional_text("line2")
    return TokenRequest(
        number=fields.text("number"),
        exp_month=fields.whole("exp_month"),
        exp_year=fields.whole("exp_year"),
        cvv=fields.text("cvv"),
        postal_code=address.text("postal_code"),
    )


def _read_authorization(fields: Fields) -> AuthorizationRequest:
    return AuthorizationRequest(
        token=fields.text("token"),
        amount_minor=fields.amount_minor("amount_minor"),
        currency=fields.currency("currency"),
        reference=fields.text("reference"),
        merchant=fields.text("merchant"),
    )
