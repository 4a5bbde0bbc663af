"""Watching: one look at the offers serves every watcher; each gets what changed, at most twice a second an offer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.ids import Network, OfferId
from kernel.refusals import Refusal, RefusalKind
from offers.domain.offer import Offer, OfferState
from offers.usecases.ports import Transactions

WATCHERS_MAX = 1_000
"""Streams a process keeps; each costs memory for as long as its page is open."""

OFFERS_MAX = 1_000
"""Offers in view; the Favorites page of a programme has a few dozen."""

LOOK_SECONDS = 0.5
"""Between two looks: an offer is sent at most twice a second."""

ENDED_IN_VIEW = timedelta(minutes=1)
"""An ended offer stays in view this long, so that every watcher is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An offer as it was seen; `state` is as of the look."""

    offer: Offer
    state: OfferState
    at: datetime

    def differs_from(self, before: "Sighting | None") -> bool:
        """Tell whether a watcher would see a difference."""
        return before is None or self.mark() != before.mark()

    def is_favorite(self) -> bool:
        """Tell whether the Favorites page shows it."""
        return self.state in {OfferState.SCHEDULED, OfferState.LIVE}

    def mark(self) -> tuple[int, int, OfferState]:
        """Give what changes whenever a watcher would see a difference."""
        return self.offer.version, self.offer.stock.version, self.state


class Watcher:
    """One stream: what it has not sent yet, newest sighting of each offer."""

    def __init__(self, network: Network | None) -> None:
        self._network = network
        self._unsent: dict[OfferId, Sighting] = {}
        self._something = asyncio.Event()
        self._started = False

    def start(self, sightings: Sequence[Sighting]) -> None:
        """Take what stands; from now on what changes is taken too."""
        self._started = True
        self.show(sightings)

    def show(self, sightings: Sequence[Sighting]) -> None:
        """Take what is new; an offer not sent yet is replaced by its newer sighting."""
        if not self._started:
            return
        mine = [each for each in sightings if self._network is None or self._network in each.offer.terms.channels]
        self._unsent |= {each.offer.offer_id: each for each in mine}
        if self._unsent:
            self._something.set()

    async def take(self) -> Sequence[Sighting]:
        """Wait for news and take them all."""
        await self._something.wait()
        self._something.clear()
        taken, self._unsent = list(self._unsent.values()), {}
        return taken


class OfferWatch:
    """One a process: `run_once` looks, `watch` follows; without watchers nobody looks."""

    def __init__(self, transactions: Transactions, *, watchers_max: int = WATCHERS_MAX) -> None:
        self._transactions, self._watchers_max = transactions, watchers_max
        self._watchers: set[Watcher] = set()
        self._seen: dict[OfferId, Sighting] = {}
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")

    async def run_once(self) -> bool:
        """Look, if somebody watches and the last look is long enough ago; never asks to look again at once."""
        if self._watchers:
            await self._look_again()
        return False

    def join(self, network: Network | None) -> Watcher | Refusal:
        """Add a watcher; TOO_BUSY when there are too many. `leave` it again."""
        if len(self._watchers) >= self._watchers_max:
            return _too_many(self._watchers_max)
        watcher = Watcher(network)
        self._watchers.add(watcher)
        return watcher

    async def follow(self, watcher: Watcher) -> AsyncIterator[Sighting]:
        """Give every favorite at once, then each offer again when it changed."""
        await self._look_again()
        watcher.start([each for each in self._seen.values() if each.is_favorite()])
        while True:
            for sighting in await watcher.take():
                yield sighting

    def leave(self, watcher: Watcher) -> None:
        """Take a watcher away."""
        self._watchers.discard(watcher)

    async def _look_again(self) -> None:
        """Read what is in view, unless that was just done, and show the watchers what changed since the last look."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at < LOOK_SECONDS:
                return
            self._looked_at = now
            async with self._transactions.begin() as unit:
                offers = await unit.offers.in_view(ended_since=unit.at - ENDED_IN_VIEW, limit=OFFERS_MAX)
            seen = {each.offer_id: Sighting(offer=each, state=each.state_at(unit.at), at=unit.at) for each in offers}
            changed = [each for key, each in seen.items() if each.differs_from(self._seen.get(key))]
            self._seen = seen
            for watcher in self._watchers:
                watcher.show(changed)


def _too_many(watchers_max: int) -> Refusal:
    return Refusal(
        kind=RefusalKind.EXHAUSTED,
        reason="TOO_BUSY",
        message=f"This server has {watchers_max} watchers already; try again soon, or another replica.",
    )
