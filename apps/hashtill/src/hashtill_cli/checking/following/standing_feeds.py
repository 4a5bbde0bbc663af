"""The feeds of what stands rather than flows: offers' stock, and what waits for somebody."""

from datetime import datetime, timedelta

from hashtill_cli.checking import stock
from hashtill_cli.checking.findings import Findings, Invariant
from hashtill_cli.checking.following.feed import SOON
from hashtill_cli.checking.looking import STOCK, look_at_waiting
from hashtill_cli.checking.rows import StockRow
from hashtill_cli.checking.sources import Sources

_VERSIONS = "SELECT offer_id, version FROM stock"
_OF_OFFERS = STOCK + " WHERE offer_id = ANY($1)"


class StockFeed:
    """I3 of the offers whose stock changed; where counting their holds takes long, it is done seldom."""

    name = "stock"
    invariants = frozenset({Invariant.STOCK})
    every_seconds = 10.0
    again_after = SOON

    def __init__(self) -> None:
        self.behind = timedelta(0)
        self._judged: dict[str, int] = {}

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Count the holds of what changed, or was broken."""
        del at
        offers, findings = sources.books["offers"], Findings()
        versions = {row["offer_id"]: row["version"] for row in await offers.records(_VERSIONS)}
        changed = [offer for offer, version in versions.items() if self._judged.get(offer) != version]
        rows = await offers.rows(StockRow, _OF_OFFERS, changed) if changed else []
        findings.count(Invariant.STOCK, "offers", len(rows))
        findings.add(stock.breaches(rows))
        broken = {an_id for breach in findings.breaches for an_id in breach.ids}
        self._judged = {offer: version for offer, version in versions.items() if offer not in broken}
        return findings


class WaitingFeed:
    """I6 of operations, deliveries and outboxes."""

    name = "waiting"
    invariants = frozenset({Invariant.AGE})
    every_seconds = 30.0
    again_after = SOON

    def __init__(self) -> None:
        self.behind = timedelta(0)

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Judge all that waits."""
        findings = Findings()
        await look_at_waiting(sources, findings, at=at)
        return findings
