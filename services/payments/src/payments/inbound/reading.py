"""The fields of payments' requests as domain words, or a refusal that names the field."""

from chassis.telemetry import current_traceparent
from chassis.validation import read_money, read_text, read_uuid, refuse_field
from hashtill.payments.v1 import payments_service_pb2 as pb
from kernel.ids import CardToken, ChargeId, MerchantId, OrderId
from payments.domain.authorizing import AuthorizationAsked
from payments.domain.charge import ChargeKey, charge_id_of
from payments.domain.refunding import RefundAsked
from payments.usecases.begin_endings import EndingAsked
from payments.usecases.enter_card import Visit

ATTEMPT_MAX = 100
"""Far above what any order tries; the bound keeps a wrong number from being taken."""

BROWSER_SESSION_LENGTH = 64
"""A SHA-256 as hexadecimal digits."""

DESCRIPTOR_MAX = 22
"""What a card statement shows of a merchant."""

LEDGER_PAGE_SIZE_DEFAULT, LEDGER_PAGE_SIZE_MAX = 100, 1_000
_ID_MAX = 100
_SEQUENCE_DIGITS_MAX = 18


def read_authorization(item: pb.AuthorizeItem, path: str) -> AuthorizationAsked:
    """Read one authorization wanted."""
    return AuthorizationAsked(
        order_id=OrderId(read_uuid(item.order_id, f"{path}.order_id")),
        attempt=_read_attempt(item.attempt, f"{path}.attempt"),
        card_token=read_card_token(item.card_token, f"{path}.card_token"),
        amount=read_money(item.amount, f"{path}.amount", minor_min=1),
        merchant_id=MerchantId(read_text(item.merchant_id, f"{path}.merchant_id", characters_max=_ID_MAX)),
        statement_descriptor=read_text(
            item.statement_descriptor, f"{path}.statement_descriptor", characters_max=DESCRIPTOR_MAX, required=False
        ),
        cause=_cause(),
    )


def read_capture(charge_id: str, path: str) -> EndingAsked:
    """Read one capture wanted."""
    return EndingAsked(charge_id=ChargeId(read_uuid(charge_id, path)), cause=_cause())


def read_void(key: pb.ChargeKey, path: str) -> EndingAsked:
    """Read one void wanted."""
    return EndingAsked(charge_id=charge_id_of(read_charge_key(key, path)), cause=_cause())


def read_charge_key(key: pb.ChargeKey, path: str) -> ChargeKey:
    """Read what a charge is known by."""
    return OrderId(read_uuid(key.order_id, f"{path}.order_id")), _read_attempt(key.attempt, f"{path}.attempt")


def read_refund(request: pb.RefundRequest) -> RefundAsked:
    """Read one refund wanted."""
    return RefundAsked(
        request_id=read_uuid(request.context.request_id, "context.request_id"),
        charge_id=ChargeId(read_uuid(request.charge_id, "charge_id")),
        amount=read_money(request.amount, "amount", minor_min=1),
        cause=_cause(),
    )


def read_card_token(value: str, path: str) -> CardToken:
    """Read a card token."""
    return CardToken(read_text(value, path, characters_max=_ID_MAX))


def read_visit(request: pb.DescribeCardRequest) -> Visit:
    """Read which session is asked about, and by which browser."""
    return Visit(
        card_session_id=read_text(request.card_session_id, "card_session_id", characters_max=_ID_MAX),
        browser_session=read_browser_session(request.browser_session),
    )


def read_browser_session(value: str) -> str:
    """Read the hash of a session cookie."""
    return read_text(value, "browser_session", characters_max=BROWSER_SESSION_LENGTH)


def read_ledger_page_size(value: int) -> int:
    """Read how many entries are wanted: 100 when 0, at most 1,000."""
    if value < 0:
        refuse_field("page_size", "must not be negative.")
    return min(value or LEDGER_PAGE_SIZE_DEFAULT, LEDGER_PAGE_SIZE_MAX)


def read_sequence(position: str) -> int:
    """Read the place in the ledger that a page token names."""
    if not (position.isascii() and position.isdigit() and len(position) <= _SEQUENCE_DIGITS_MAX):
        refuse_field("page_token", "is not a token this method gave; leave it empty to start from the first page.")
    return int(position)


def _read_attempt(value: int, path: str) -> int:
    if not 1 <= value <= ATTEMPT_MAX:
        refuse_field(path, f"must be from 1 to {ATTEMPT_MAX}; it is {value}.")
    return value


def _cause() -> str:
    return current_traceparent() or ""
