"""Payments' domain words as protobuf messages, for events and answers alike."""

from typing import assert_never

from chassis.outbox import OutboxMessage
from chassis.timestamps import timestamp
from hashtill.common.v1.money_pb2 import Money as MoneyMessage
from hashtill.payments.v1 import card_pb2, charge_pb2, events_pb2
from kernel.money import Money
from payments.domain.card import CardProduct, KnownCard
from payments.domain.charge import Charge, ChargeState
from payments.domain.events import CardFact, ChargeFact, ChargeFactKind, Fact

_PRODUCTS = {
    CardProduct.UNKNOWN: card_pb2.CARD_PRODUCT_UNSPECIFIED,
    CardProduct.CONSUMER_CREDIT: card_pb2.CARD_PRODUCT_CONSUMER_CREDIT,
    CardProduct.CONSUMER_CHARGE: card_pb2.CARD_PRODUCT_CONSUMER_CHARGE,
    CardProduct.CORPORATE: card_pb2.CARD_PRODUCT_CORPORATE,
    CardProduct.PREPAID: card_pb2.CARD_PRODUCT_PREPAID,
    CardProduct.GIFT: card_pb2.CARD_PRODUCT_GIFT,
}

_STATES = {
    ChargeState.AUTHORIZING: charge_pb2.CHARGE_STATE_PENDING,
    ChargeState.CAPTURING: charge_pb2.CHARGE_STATE_PENDING,
    ChargeState.VOIDING: charge_pb2.CHARGE_STATE_PENDING,
    ChargeState.LAPSING: charge_pb2.CHARGE_STATE_PENDING,
    ChargeState.AUTHORIZED: charge_pb2.CHARGE_STATE_AUTHORIZED,
    ChargeState.DECLINED: charge_pb2.CHARGE_STATE_DECLINED,
    ChargeState.CAPTURED: charge_pb2.CHARGE_STATE_CAPTURED,
    ChargeState.VOIDED: charge_pb2.CHARGE_STATE_VOIDED,
    ChargeState.REFUNDED: charge_pb2.CHARGE_STATE_REFUNDED,
    ChargeState.LAPSED: charge_pb2.CHARGE_STATE_LAPSED,
}


def message_of(fact: Fact) -> OutboxMessage:
    """Write a fact as the event that tells it; the aggregate is the charge, or the card."""
    match fact:
        case CardFact():
            event = events_pb2.CardTokenized(card=card_message(fact.card), tokenized_at=timestamp(fact.at))
            return OutboxMessage(aggregate=fact.card.card_token, version=1, event=event, at=fact.at)
        case ChargeFact():
            return OutboxMessage(
                aggregate=str(fact.charge.charge_id),
                version=fact.charge.version,
                event=_event_of(fact),
                at=fact.at,
                traceparent=fact.cause or None,
            )
        case _:
            assert_never(fact)


def _event_of(
    fact: ChargeFact,
) -> (
    events_pb2.ChargeAuthorized
    | events_pb2.ChargeDeclined
    | events_pb2.ChargeCaptured
    | events_pb2.ChargeVoided
    | events_pb2.ChargeLapsed
    | events_pb2.ChargeRefunded
):
    charge, at = charge_message(fact.charge), timestamp(fact.at)
    match fact.kind:
        case ChargeFactKind.AUTHORIZED:
            return events_pb2.ChargeAuthorized(charge=charge, authorized_at=at)
        case ChargeFactKind.DECLINED:
            return events_pb2.ChargeDeclined(charge=charge, declined_at=at)
        case ChargeFactKind.CAPTURED:
            return events_pb2.ChargeCaptured(charge=charge, captured_at=at)
        case ChargeFactKind.VOIDED:
            return events_pb2.ChargeVoided(charge=charge, voided_at=at)
        case ChargeFactKind.LAPSED:
            return events_pb2.ChargeLapsed(charge=charge, lapsed_at=at)
        case ChargeFactKind.REFUNDED:
            return events_pb2.ChargeRefunded(charge=charge, amount=money_message(fact.amount), refunded_at=at)
        case _:
            assert_never(fact.kind)


def card_message(card: KnownCard) -> card_pb2.Card:
    """Write what may be known of a card."""
    return card_pb2.Card(
        card_token=card.card_token,
        brand=card.facts.brand,
        product=_PRODUCTS[card.facts.product],
        country=card.facts.country,
        last4=card.facts.last4,
        account_reference=card.facts.account_reference,
        billing_country=card.billing_country,
        billing_region=card.billing_region,
        entered_at=timestamp(card.entered_at),
    )


def charge_message(charge: Charge) -> charge_pb2.Charge:
    """Write a charge."""
    return charge_pb2.Charge(
        charge_id=str(charge.charge_id),
        order_id=str(charge.order_id),
        attempt=charge.attempt,
        state=_STATES[charge.state],
        amount=money_message(charge.amount),
        captured=money_message(charge.money(charge.captured_minor)),
        refunded=money_message(charge.money(charge.refunded_minor)),
        card_token=charge.card_token,
        card_last4=charge.card_last4,
        decline_code=charge.decline_code,
        network_reference=charge.network_reference,
        expires_at=timestamp(charge.expires_at) if charge.expires_at else None,
        updated_at=timestamp(charge.updated_at),
    )


def money_message(money: Money) -> MoneyMessage:
    """Write an amount."""
    return MoneyMessage(amount_minor=money.amount_minor, currency_code=money.currency_code)
