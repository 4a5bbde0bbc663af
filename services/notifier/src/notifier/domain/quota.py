"""The network's quota of replies, and who may spend what is left of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from notifier.domain.delivery import Delivery, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What the network's last answer left: `remaining` of `limit` until `reset_at`. Unknown before the first answer."""

    limit: int
    remaining: int
    reset_at: datetime


REFUSALS_PERCENT_MAX = 20
"""Other refusals may spend at most this share of a window, so that prompts always find room."""

RECEIPTS_LEFT_PERCENT_MIN = 30
"""Below this share left, receipts go by mail alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Who may be sent now, who waits for the next window, and whose receipt goes by mail alone."""

    allowed: tuple[Delivery, ...]
    waiting: tuple[Delivery, ...]
    by_mail_alone: tuple[Delivery, ...]


def spend(deliveries: Iterable[Delivery], *, quota: Quota | None, refusals_spent: int, at: datetime) -> Spending:
    """Share what is left: prompts first, then late and declined, then other refusals (20 %), then receipts."""
    ordered = sorted(deliveries, key=lambda each: (each.urgency, each.created_at))
    if quota is None or at >= quota.reset_at:
        return Spending(allowed=tuple(ordered), waiting=(), by_mail_alone=())
    purse = _Purse(quota, refusals_spent)
    allowed = [each for each in ordered if purse.takes(each)]
    taken = {each.delivery_id for each in allowed}
    left_out = [each for each in ordered if each.delivery_id not in taken]
    return Spending(
        allowed=tuple(allowed),
        waiting=tuple(each for each in left_out if each.urgency is not Urgency.RECEIPT),
        by_mail_alone=tuple(each for each in left_out if each.urgency is Urgency.RECEIPT),
    )


class _Purse:
    """What is left while one batch is shared out."""

    def __init__(self, quota: Quota, refusals_spent: int) -> None:
        self._left = quota.remaining
        self._refusals_left = quota.limit * REFUSALS_PERCENT_MAX // 100 - refusals_spent
        self._receipts_from = quota.limit * RECEIPTS_LEFT_PERCENT_MIN // 100

    def takes(self, delivery: Delivery) -> bool:
        """Spend one for this delivery if it may."""
        if self._left <= 0 or not self._may(delivery.urgency):
            return False
        self._left -= 1
        self._refusals_left -= delivery.urgency is Urgency.REFUSAL
        return True

    def _may(self, urgency: Urgency) -> bool:
        match urgency:
            case Urgency.PROMPT | Urgency.VERDICT:
                return True
            case Urgency.REFUSAL:
                return self._refusals_left > 0
            case Urgency.RECEIPT:
                return self._left > self._receipts_from
            case _:
                assert_never(urgency)
