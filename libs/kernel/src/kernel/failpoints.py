"""Failpoints: named places where a test makes a process fail; an unarmed one costs a look at an empty list."""

from collections.abc import Callable
from enum import StrEnum

_strikes: list[Callable[["FailPoint"], None]] = []


class FailPoint(StrEnum):
    """Where a process may be made to fail: what it was doing, and how far it had come.

    `uncommitted`: the last moment before the commit; `committed`: the first after it, before anybody is told.
    """

    CONSUMER_FETCHED = "consumer.fetched"
    CONSUMER_HANDLED = "consumer.handled"
    CONSUMER_ACKNOWLEDGED = "consumer.acknowledged"
    RELAY_SELECTED = "relay.selected"
    RELAY_SENT = "relay.sent"
    RELAY_STORED = "relay.stored"
    RELAY_MARKED = "relay.marked"
    CALL_UNCOMMITTED = "call.uncommitted"
    CALL_COMMITTED = "call.committed"
    GATEWAY_KEEP_UNCOMMITTED = "gateway.keep.uncommitted"
    GATEWAY_KEEP_COMMITTED = "gateway.keep.committed"
    GATEWAY_SUBSCRIPTION_ANSWERED = "gateway.subscription.answered"
    IDENTITY_GRANT_ANSWERED = "identity.grant.answered"
    IDENTITY_LINK_UNCOMMITTED = "identity.link.uncommitted"
    IDENTITY_LINK_COMMITTED = "identity.link.committed"
    IDENTITY_FREEZE_UNCOMMITTED = "identity.freeze.uncommitted"
    IDENTITY_FREEZE_COMMITTED = "identity.freeze.committed"
    IDENTITY_WITHDRAWAL_ANSWERED = "identity.withdrawal.answered"
    OFFERS_HOLD_DECIDED = "offers.hold.decided"
    OFFERS_HOLD_UNCOMMITTED = "offers.hold.uncommitted"
    OFFERS_HOLD_COMMITTED = "offers.hold.committed"
    OFFERS_COMMIT_UNCOMMITTED = "offers.commit.uncommitted"
    OFFERS_COMMIT_COMMITTED = "offers.commit.committed"
    OFFERS_RELEASE_UNCOMMITTED = "offers.release.uncommitted"
    OFFERS_RELEASE_COMMITTED = "offers.release.committed"
    ORDERS_POSTS_UNCOMMITTED = "orders.posts.uncommitted"
    ORDERS_POSTS_COMMITTED = "orders.posts.committed"
    ORDERS_FACTS_UNCOMMITTED = "orders.facts.uncommitted"
    ORDERS_FACTS_COMMITTED = "orders.facts.committed"
    ORDERS_CHARGES_UNCOMMITTED = "orders.charges.uncommitted"
    ORDERS_CHARGES_COMMITTED = "orders.charges.committed"
    ORDERS_LINKS_UNCOMMITTED = "orders.links.uncommitted"
    ORDERS_LINKS_COMMITTED = "orders.links.committed"
    ORDERS_DEADLINE_UNCOMMITTED = "orders.deadline.uncommitted"
    ORDERS_DEADLINE_COMMITTED = "orders.deadline.committed"
    ORDERS_EXPIRY_UNCOMMITTED = "orders.expiry.uncommitted"
    ORDERS_EXPIRY_COMMITTED = "orders.expiry.committed"
    ORDERS_STEP_LEASED = "orders.step.leased"
    ORDERS_STEP_ANSWERED = "orders.step.answered"
    ORDERS_STEP_UNCOMMITTED = "orders.step.uncommitted"
    ORDERS_STEP_COMMITTED = "orders.step.committed"
    PAYMENTS_BEGIN_UNCOMMITTED = "payments.begin.uncommitted"
    PAYMENTS_BEGIN_COMMITTED = "payments.begin.committed"
    PAYMENTS_ENDING_UNCOMMITTED = "payments.ending.uncommitted"
    PAYMENTS_ENDING_COMMITTED = "payments.ending.committed"
    PAYMENTS_REFUND_UNCOMMITTED = "payments.refund.uncommitted"
    PAYMENTS_REFUND_COMMITTED = "payments.refund.committed"
    PAYMENTS_CALL_ANSWERED = "payments.call.answered"
    PAYMENTS_SETTLE_UNCOMMITTED = "payments.settle.uncommitted"
    PAYMENTS_SETTLE_COMMITTED = "payments.settle.committed"
    PAYMENTS_QUESTION_LEASED = "payments.question.leased"
    PAYMENTS_QUESTION_ANSWERED = "payments.question.answered"
    PAYMENTS_CARD_ANSWERED = "payments.card.answered"
    PAYMENTS_CARD_COMMITTED = "payments.card.committed"
    NOTIFIER_PLAN_UNCOMMITTED = "notifier.plan.uncommitted"
    NOTIFIER_PLAN_COMMITTED = "notifier.plan.committed"
    NOTIFIER_POST_LEASED = "notifier.post.leased"
    NOTIFIER_POST_BEGUN = "notifier.post.begun"
    NOTIFIER_POST_ANSWERED = "notifier.post.answered"
    NOTIFIER_POST_COMMITTED = "notifier.post.committed"
    NOTIFIER_MAIL_LEASED = "notifier.mail.leased"
    NOTIFIER_MAIL_ANSWERED = "notifier.mail.answered"
    NOTIFIER_MAIL_COMMITTED = "notifier.mail.committed"


def failpoint(point: FailPoint) -> None:
    """Fail here if a test armed this point; nothing otherwise."""
    for strike in _strikes:
        strike(point)


def arm(strike: Callable[[FailPoint], None]) -> None:
    """Have `strike` called at every point from now on, until `disarm`."""
    _strikes.append(strike)


def disarm() -> None:
    """Let no point do anything."""
    _strikes.clear()
