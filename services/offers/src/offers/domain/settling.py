"""Settling: a hold is committed, released, or lapses; or the reason why it is not."""

from datetime import datetime

from kernel.ids import OrderId
from kernel.refusals import Refusal
from offers.domain.hold import Hold, HoldState, KnownOrder, Tombstone
from offers.domain.hold_refusals import hold_lapsed, hold_not_found


def commit(order_id: OrderId, known: KnownOrder | None, *, at: datetime) -> Hold | Refusal:
    """Give the hold that becomes (or is) final; one that lapsed or was released is refused."""
    if known is None:
        return hold_not_found(order_id)
    if isinstance(known, Tombstone) or not known.is_open_at(at):
        return hold_lapsed(order_id)
    return known


def release(known: Hold) -> HoldState:
    """Give a unit back, held or committed; what is given back already stays as it is."""
    return HoldState.RELEASED if known.state in {HoldState.HELD, HoldState.COMMITTED} else known.state


def lapse(known: Hold, *, at: datetime) -> HoldState:
    """Let a hold go that nobody committed in time; any other stays as it is."""
    return HoldState.LAPSED if known.state is HoldState.HELD and not known.is_open_at(at) else known.state
