"""Reading: requests' fields as domain words, refused with their path."""

from datetime import UTC, datetime
from uuid import UUID

from chassis.validation import page_token, read_choice, read_page_token, read_text, read_uuid, refuse_field
from hashtill.orders.v1 import order_pb2, orders_service_pb2
from kernel.ids import CardmemberId, MerchantId, Network, OrderId, PostId
from kernel.page_addresses import PageGrant, PagePurpose, read_page
from kernel.refusals import Refusal, RefusalKind, RefusedError
from kernel.secret import Secret
from orders.domain.states import CancelReason
from orders.outbound.order_messages import STATES
from orders.usecases.ports import OrderFilter
from orders.usecases.read_orders import Position

NETWORK_CHARACTERS_MAX = 20
POST_ID_CHARACTERS_MAX = 64
MERCHANT_CHARACTERS_MAX = 50
PAGE_TOKEN_CHARACTERS_MAX = 100

_STATE_OF = {number: state for state, number in STATES.items()}
_REASONS = {
    order_pb2.CANCEL_REASON_CARDMEMBER: CancelReason.CARDMEMBER,
    order_pb2.CANCEL_REASON_NOT_ME: CancelReason.NOT_ME,
    order_pb2.CANCEL_REASON_OPERATOR: CancelReason.OPERATOR,
}
"""What a caller may say; the other reasons are ours to find."""

_PAGE_INVALID = Refusal(
    kind=RefusalKind.FORBIDDEN,
    reason="PAGE_ADDRESS_INVALID",
    message="This address is not valid for that, or its time is over; use the newest mail.",
)


def read_order_id(value: str, field_path: str = "order_id") -> OrderId:
    """Take an order's id."""
    return OrderId(read_uuid(value, field_path))


def read_merchant_id(value: str) -> MerchantId:
    """Take a merchant's id."""
    return MerchantId(read_text(value, "merchant_id", characters_max=MERCHANT_CHARACTERS_MAX))


def read_post(network: str, post_id: str, *, path: str = "") -> tuple[Network, PostId]:
    """Take a post's network and id."""
    return (
        Network(read_text(network, f"{path}network", characters_max=NETWORK_CHARACTERS_MAX)),
        PostId(read_text(post_id, f"{path}post_id", characters_max=POST_ID_CHARACTERS_MAX)),
    )


def read_filter(request: orders_service_pb2.ListOrdersRequest) -> OrderFilter:
    """Take which orders to list; a post is named by its network too."""
    network, post_id = Network(request.network) or None, PostId(request.post_id) or None
    if request.post_id:
        network, post_id = read_post(request.network, request.post_id)
    member = read_uuid(request.cardmember_id, "cardmember_id") if request.cardmember_id else None
    return OrderFilter(
        cardmember_id=CardmemberId(member) if member else None,
        states=frozenset(read_choice(number, _STATE_OF, "states") for number in request.states),
        network=network,
        post_id=post_id,
    )


def read_cancel_reason(number: int) -> CancelReason:
    """Take why an order is taken back."""
    return read_choice(number, _REASONS, "reason")


def read_grant(token: str, *, key: Secret[bytes], at: datetime, allowed: frozenset[PagePurpose]) -> PageGrant:
    """Take a signed page address's token that allows this."""
    if len(token) > PAGE_TOKEN_CHARACTERS_MAX:
        raise RefusedError(_PAGE_INVALID)
    grant = read_page(token, key=key, at=at)
    if grant is None or grant.purpose not in allowed:
        raise RefusedError(_PAGE_INVALID)
    return grant


def read_position(token: str) -> Position | None:
    """Take where a page starts."""
    parts = read_page_token(token, parts=2)
    if parts is None:
        return None
    try:
        return datetime.fromisoformat(parts[0]).astimezone(UTC), OrderId(UUID(parts[1]))
    except (ValueError, OverflowError):
        refuse_field("page_token", "is not a token this method gave; leave it empty to start from the first page.")


def write_position(position: Position | None) -> str:
    """Write where the next page starts; empty after the last."""
    return page_token(position[0].isoformat(), str(position[1])) if position else ""
