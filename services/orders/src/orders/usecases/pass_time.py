"""Pass time: unconfirmed orders expire up to their network's cutoff; every other limit is the database clock's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import Network
from orders.domain import saga
from orders.domain.change import Cause, looked_at
from orders.domain.cutoff import cutoff, is_dark, least_watermark
from orders.domain.limits import Limits
from orders.domain.overdue import pass_deadline
from orders.domain.states import State
from orders.usecases.ports import Backlog, SocialBacklog, Transactions, Unit
from orders.usecases.telling import told_of

EXPIRED_MAX = 500
"""Orders one expiry takes: short locks, so that confirmations have priority."""

EXPIRIES_A_LOOK = 20
"""Full batches behind one look at the watermarks: what was over then is over now. On a dark network it is one, for what
is over there depends on that no post waits."""

OVERDUE_MAX = 200

_BY_REPLIES = frozenset({State.PROMPTING})
_BY_THE_CLOCK = saga.TIMED - _BY_REPLIES

POLL_MOST = timedelta(milliseconds=250)
POLL_LEAST = timedelta(milliseconds=10)
"""A look at the deadlines waits between these for the next one."""


OnExpired: TypeAlias = Callable[[Sequence[datetime], datetime], None]
"""Gets, after the commit, when the windows of expired orders ended, and when they expired, by the database clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A network's first deadline, up to when its watermarks say it is read, and when they were asked."""

    network: Network
    first: datetime
    least: datetime | None
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """Up to when a network's windows are over, and for how many batches that may be believed."""

    until: datetime
    batches: int


async def expire_orders(
    *, backlog: SocialBacklog, transactions: Transactions, limits: Limits, on_expired: OnExpired
) -> timedelta:
    """Let what is over expire, on every network; gives how long to wait before the next look (zero: there is more)."""
    async with transactions.begin() as unit:
        firsts = await unit.orders.first_deadlines()
        read_to = [
            _Read(
                network=network, first=first, least=least_watermark(await unit.watermarks.of(network)), asked_at=unit.at
            )
            for network, first in firsts.items()
        ]
    waits = [POLL_MOST]
    for read in read_to:
        over = await _over_of(read, backlog=backlog, limits=limits)
        if over is not None and read.first <= over.until:
            waits.append(await _expire_on(read.network, over, transactions=transactions, on_expired=on_expired))
        elif over is not None:
            waits.append(max(POLL_LEAST, read.first - over.until))
    return min(waits)


async def pass_deadlines(*, replies: Backlog, transactions: Transactions, limits: Limits) -> bool:
    """Move orders whose limit by the database clock has passed; gives whether there may be more.

    A reply is missed only when no word of one waits to be read: after an outage of ours it may have been posted in
    time, and confirmed.
    """
    async with transactions.begin() as unit:
        at = unit.at
        passed = await _pass(_BY_THE_CLOCK, unit, at=at, limits=limits)
        replies_missed = bool(await unit.orders.lock_overdue(_BY_REPLIES, at=at, count_max=1))
    if replies_missed and await replies.pending() == 0:
        async with transactions.begin() as unit:
            passed = max(passed, await _pass(_BY_REPLIES, unit, at=at, limits=limits))
    if passed:
        failpoint(FailPoint.ORDERS_DEADLINE_COMMITTED)
    return passed == OVERDUE_MAX


async def watch_ages(*, transactions: Transactions) -> Mapping[State, int]:
    """Count the orders that are twice as old in their state as a healthy one ever is."""
    async with transactions.begin() as unit:
        return await unit.orders.stale(at=unit.at)


async def _pass(states: frozenset[State], unit: Unit, *, at: datetime, limits: Limits) -> int:
    overdue = await unit.orders.lock_overdue(states, at=at, count_max=OVERDUE_MAX)
    cause = Cause(at=unit.at, limits=limits, id="deadline")
    saved = await unit.orders.save([pass_deadline(looked_at(order), cause) for order in overdue])
    await unit.outbox.add(told_of(saved))
    if overdue:
        failpoint(FailPoint.ORDERS_DEADLINE_UNCOMMITTED)
    return len(overdue)


async def _over_of(read: _Read, *, backlog: SocialBacklog, limits: Limits) -> _Over | None:
    """Say up to when windows are over; whether posts wait is asked only of a dark network, outside any transaction."""
    least = await backlog.certain(read.network, read.least)
    dark = is_dark(least, at=read.asked_at, limits=limits)
    nothing_pending = dark and await backlog.pending() == 0
    until = cutoff(least, at=read.asked_at, nothing_pending=nothing_pending, limits=limits)
    return None if until is None else _Over(until=until, batches=1 if dark else EXPIRIES_A_LOOK)


async def _expire_on(network: Network, over: _Over, *, transactions: Transactions, on_expired: OnExpired) -> timedelta:
    for _ in range(over.batches):
        async with transactions.begin() as unit:
            expired = await unit.orders.expire(network, cutoff_at=over.until, at=unit.at, count_max=EXPIRED_MAX)
            if expired:
                failpoint(FailPoint.ORDERS_EXPIRY_UNCOMMITTED)
        if expired:
            failpoint(FailPoint.ORDERS_EXPIRY_COMMITTED)
            on_expired(expired, unit.at)
        if len(expired) < EXPIRED_MAX:
            return POLL_LEAST
    return timedelta()
