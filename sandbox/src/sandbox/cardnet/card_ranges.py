"""The table of test card ranges: product, country, and how the cards of a range behave."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.cardnet.card_numbers import RANGE_DIGITS


class Product(StrEnum):
    """What was issued; it cannot be told from a real prefix, so it is decided by this table."""

    CONSUMER_CREDIT = "consumer_credit"
    CONSUMER_CHARGE = "consumer_charge"
    CORPORATE = "corporate"
    PREPAID = "prepaid"
    GIFT = "gift"


class Behaviour(StrEnum):
    """What a card of a behaving range does; each "first" is the first attempt with one idempotency key."""

    DECLINED = "declined"
    DECLINED_AT_CAPTURE = "declined_at_capture"
    TIMES_OUT_AFTER_AUTHORIZATION = "times_out_after_authorization"
    TIMES_OUT_BEFORE_AUTHORIZATION = "times_out_before_authorization"
    FAILS_ONCE = "fails_once"
    SLOW = "slow"
    LAPSES = "lapses"
    TIMES_OUT_AFTER_CAPTURE = "times_out_after_capture"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRange:
    """One six-digit range of test numbers."""

    prefix: str
    product: Product = Product.CONSUMER_CREDIT
    country: str = "US"
    behaviour: Behaviour | None = None


RANGES = (
    CardRange(prefix="378282"),
    CardRange(prefix="371111"),
    CardRange(prefix="371449", product=Product.CONSUMER_CHARGE),
    CardRange(prefix="378734", product=Product.CORPORATE),
    CardRange(prefix="377700", product=Product.PREPAID),
    CardRange(prefix="376600", product=Product.GIFT),
    CardRange(prefix="374288", country="GB"),
    CardRange(prefix="379901", behaviour=Behaviour.DECLINED),
    CardRange(prefix="379902", behaviour=Behaviour.DECLINED_AT_CAPTURE),
    CardRange(prefix="379903", behaviour=Behaviour.TIMES_OUT_AFTER_AUTHORIZATION),
    CardRange(prefix="379904", behaviour=Behaviour.TIMES_OUT_BEFORE_AUTHORIZATION),
    CardRange(prefix="379905", behaviour=Behaviour.FAILS_ONCE),
    CardRange(prefix="379906", behaviour=Behaviour.SLOW),
    CardRange(prefix="379907", behaviour=Behaviour.LAPSES),
    CardRange(prefix="379908", behaviour=Behaviour.TIMES_OUT_AFTER_CAPTURE),
)

_BY_PREFIX = {card_range.prefix: card_range for card_range in RANGES}


def range_of(number: str) -> CardRange | None:
    """Find a number's range; None is a card this network does not support."""
    return _BY_PREFIX.get(number[:RANGE_DIGITS])
