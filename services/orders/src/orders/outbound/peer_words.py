"""Peer words: what identity, offers and payments say, in orders' own words."""

from typing import Any

from asyncpg.pgproto.pgproto import UUID  # read, written and sent to PostgreSQL in a tenth of the time of Python's own

from hashtill.common.v1 import money_pb2, postal_address_pb2
from hashtill.identity.v1 import link_pb2
from hashtill.offers.v1 import hold_pb2, offer_pb2
from hashtill.payments.v1 import charge_pb2
from kernel.ids import CardmemberId, CardToken, ChargeId, LinkId, MerchantId, OfferId
from kernel.money import Money
from orders.domain.charging import ChargeSeen, ChargeState
from orders.domain.order import Terms
from orders.domain.purchasing import Link, LinkStatus
from orders.usecases.ports import ShipTo

_LINK_STATES = {
    link_pb2.LINK_STATUS_CARD_REFUSED: LinkStatus.CARD_REFUSED,
    link_pb2.LINK_STATUS_ACTIVE: LinkStatus.ACTIVE,
    link_pb2.LINK_STATUS_FROZEN: LinkStatus.FROZEN,
    link_pb2.LINK_STATUS_ENDED: LinkStatus.ENDED,
}
"""Every other status, also one from the future, is PENDING: it does not buy."""

_CHARGE_STATES: dict[Any, ChargeState] = {
    charge_pb2.ChargeState.Value(f"CHARGE_STATE_{state}"): state for state in ChargeState
}


def link_of(link: link_pb2.Link) -> Link:
    """Read a link."""
    return Link(
        status=_LINK_STATES.get(link.status, LinkStatus.PENDING),
        refusal_reason=link.refusal_reason,
        link_id=LinkId(UUID(link.link_id)),
        cardmember_id=CardmemberId(UUID(link.cardmember_id)) if link.cardmember_id else None,
        card_token=CardToken(link.card_token) if link.card_token else None,
        ship_to_country=link.ship_to_country,
        ship_to_region=link.ship_to_region,
        language=link.language,
    )


def terms_of(hold: hold_pb2.Hold) -> Terms:
    """Read what a unit was held at."""
    return Terms(
        offer_id=OfferId(hold.offer_id),
        merchant_id=MerchantId(hold.merchant_id),
        merchant_name=hold.merchant_name,
        title=hold.title,
        price=_money(hold.price),
        tax=_money(hold.tax),
        shipping=_money(hold.shipping),
        total=_money(hold.total),
        digital=hold.fulfilment == offer_pb2.FULFILMENT_DIGITAL,
    )


def charge_of(charge: charge_pb2.Charge) -> ChargeSeen:
    """Read a charge; a state from the future is not known yet."""
    return ChargeSeen(
        charge_id=ChargeId(UUID(charge.charge_id)),
        attempt=charge.attempt,
        state=_CHARGE_STATES.get(charge.state, ChargeState.PENDING),
        card_last4=charge.card_last4,
        decline_code=charge.decline_code,
        refunded_minor=charge.refunded.amount_minor,
    )


def ship_to_of(address: postal_address_pb2.PostalAddress) -> ShipTo:
    """Read an address."""
    return ShipTo(
        name=address.name,
        lines=tuple(address.lines),
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country_code=address.country_code,
    )


def _money(message: money_pb2.Money) -> Money:
    return Money(amount_minor=message.amount_minor, currency_code=message.currency_code)
