"""Cutoff: up to which deadline a network's orders may expire; may be late, never early."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from kernel.ids import Network
from kernel.shards import SOCIAL_SHARDS
from orders.domain.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Everything a network posted up to `at` stands before this in this shard."""

    network: Network
    shard: int
    at: datetime


def least_watermark(watermarks: Mapping[int, datetime]) -> datetime | None:
    """Give the least of a network's watermarks; None until every shard has one."""
    if any(shard not in watermarks for shard in range(SOCIAL_SHARDS)):
        return None
    return min(watermarks[shard] for shard in range(SOCIAL_SHARDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Up to when a network is heard for certain, and what will be certain once posts up to a place are settled.

    A watermark alone is not enough: a post before it may be in the hands of a process that died, and come again only
    when its acknowledgement is overdue, while the watermark itself was read by another.
    """

    certain: datetime | None = None
    next: datetime | None = None
    next_place: int = 0


def heard(hearing: Hearing, least: datetime | None, *, delivered: int, settled: int) -> Hearing:
    """Take a least watermark that was read before anybody asked how far posts were `delivered` and `settled`."""
    if settled >= delivered:
        return Hearing(certain=least)
    waits_for = Hearing(certain=hearing.certain, next=least, next_place=delivered)
    if hearing.next is None or hearing.next_place > delivered:
        return waits_for
    return replace(waits_for, certain=hearing.next) if settled >= hearing.next_place else hearing


def is_dark(least: datetime | None, *, at: datetime, limits: Limits) -> bool:
    """Whether a network has not been heard for so long that the cap is worth asking about."""
    return least is None or at - least > limits.dark_max


def cutoff(least: datetime | None, *, at: datetime, nothing_pending: bool, limits: Limits) -> datetime | None:
    """Give the latest deadline that is over; None when nothing can be said yet.

    The cap counts only while the network is dark and no post waits to be read by us.
    """
    heard = [] if least is None else [min(at, least)]
    capped = [at - limits.dark_max] if nothing_pending and is_dark(least, at=at, limits=limits) else []
    return max(heard + capped) - limits.slack if heard or capped else None
