"""Hold refusals: why a unit is not held, or a hold not committed; one function a reason."""

from kernel.ids import OrderId
from kernel.refusals import Refusal, RefusalKind
from offers.domain.hold import HoldAsked
from offers.domain.offer import Offer


def offer_not_started(offer: Offer) -> Refusal:
    """Say that the post came before the window opened."""
    opens = offer.terms.window.starts_at.isoformat()
    return _of(offer, RefusalKind.PRECONDITION, "OFFER_NOT_STARTED", f"opens at {opens}.", starts_at=opens)


def offer_paused(offer: Offer) -> Refusal:
    """Say that the offer is held back."""
    return _of(offer, RefusalKind.PRECONDITION, "OFFER_PAUSED", "is held back for now.")


def channel_not_served(offer: Offer) -> Refusal:
    """Say that it is not offered on the network of the post."""
    channels = ", ".join(offer.terms.channels)
    message = f"is offered on {channels} only."
    return _of(offer, RefusalKind.PRECONDITION, "CHANNEL_NOT_SERVED", message, channels=channels)


def country_not_served(offer: Offer) -> Refusal:
    """Say that it does not ship where the card's billing address is."""
    countries = ", ".join(offer.terms.ship_to_countries)
    message = f"ships to {countries} only."
    return _of(offer, RefusalKind.PRECONDITION, "COUNTRY_NOT_SERVED", message, countries=countries)


def already_open(offer: Offer) -> Refusal:
    """Say that the cardmember has one that waits for confirmation."""
    return _of(offer, RefusalKind.EXHAUSTED, "ALREADY_OPEN", "is already held for this cardmember, not yet confirmed.")


def limit_reached(offer: Offer) -> Refusal:
    """Say that the cardmember has as many as one may have, over all networks."""
    limit = offer.terms.per_member_limit
    message = f"is limited to {limit} for each cardmember, and this one has as many."
    return _of(offer, RefusalKind.EXHAUSTED, "LIMIT_REACHED", message, per_member_limit=str(limit))


def sold_out(offer: Offer) -> Refusal:
    """Say that nothing is left and nothing will come back."""
    return _of(offer, RefusalKind.EXHAUSTED, "SOLD_OUT", "is sold out.")


def all_held(offer: Offer) -> Refusal:
    """Say that nothing is free just now; some may come back."""
    return _of(offer, RefusalKind.EXHAUSTED, "ALL_HELD", "is all held just now; some may come back within the hour.")


def hold_released(asked: HoldAsked) -> Refusal:
    """Say that the order was released or its hold lapsed: it gets none again."""
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="HOLD_RELEASED",
        message=f"The hold of order {asked.order_id} was released or lapsed; a new order is needed.",
        facts={"order_id": str(asked.order_id)},
    )


def too_busy() -> Refusal:
    """Say that more is asked than can be decided in time."""
    return Refusal(
        kind=RefusalKind.EXHAUSTED,
        reason="TOO_BUSY",
        message="Too many holds are waiting; ask again soon with the same order id.",
    )


def hold_not_found(order_id: OrderId) -> Refusal:
    """Say that there never was a hold for this order."""
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        reason="HOLD_NOT_FOUND",
        message=f"There is no hold for order {order_id}; hold stock first.",
        facts={"order_id": str(order_id)},
    )


def hold_lapsed(order_id: OrderId) -> Refusal:
    """Say that the hold lapsed or was released before it was committed."""
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="HOLD_LAPSED",
        message=f"The hold of order {order_id} lapsed or was released before; its unit is no longer set aside.",
        facts={"order_id": str(order_id)},
    )


def _of(offer: Offer, kind: RefusalKind, reason: str, message: str, **facts: str) -> Refusal:
    return Refusal(
        kind=kind, reason=reason, message=f"{offer.terms.title} {message}", facts={"offer_id": offer.offer_id} | facts
    )
