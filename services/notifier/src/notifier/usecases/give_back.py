"""Give back: what was leased and could not be tried waits again at once, instead of for its lease's end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from kernel.records import changed
from notifier.domain.delivery import Delivery, put_off
from notifier.usecases.ports import Leased, Patiently, Transactions, Unit

AWAY_PAUSE = timedelta(seconds=1)
"""A peer that died is back within seconds; one that stays away is asked once a second."""


@asynccontextmanager
async def leasing(transactions: Transactions, patiently: Patiently) -> AsyncIterator[tuple[Unit, list[Leased]]]:
    """Open a lease's transaction, with the list to put into what it takes.

    When nobody knows whether it was committed, what it took is given back; if it was not, that changes nothing. What
    an earlier try may have said keeps that try's moment, by which leases are told apart: it waits for the lease's end,
    for it may be another lane's by now.
    """
    taken: list[Leased] = []
    try:
        async with transactions.begin() as unit:
            yield unit, taken
    except Exception:
        if ours := [each for each in taken if each.unknown_since is None]:
            await patiently(partial(give_back, ours, transactions=transactions))
        raise


async def give_back(leased: Sequence[Leased], *, aside: Sequence[Delivery] = (), transactions: Transactions) -> None:
    """Let all of them wait for a peer that is away; what was set aside before is written too."""
    async with transactions.begin() as unit:
        until = unit.at + AWAY_PAUSE
        await unit.deliveries.save([*aside, *(untried(each, until=until) for each in leased)])


def untried(leased: Leased, *, until: datetime) -> Delivery:
    """Say that it was not tried this time; if an earlier try's outcome is unknown, it stays so, to be looked for."""
    delivery = put_off(leased.delivery, until=until)
    if leased.unknown_since is None:
        return delivery
    return changed(delivery, state=leased.delivery.state, failure=leased.delivery.failure)
