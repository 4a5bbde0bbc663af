"""One whole check: settle if asked, look at every group, and look again where something seems broken."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hashtill_cli.checking.findings import Findings
from hashtill_cli.checking.looking import Look, look_at_orders, look_at_posts, look_at_stock
from hashtill_cli.checking.looking_at_messages import look_at_streams, look_at_texts
from hashtill_cli.checking.reading.places import Places
from hashtill_cli.checking.settling import settle
from hashtill_cli.checking.sources import Sources, open_sources
from hashtill_cli.checking.stories import Stories, stories_of
from hashtill_cli.checking.verdict import Verdict, verdicts_of

GROUPS: tuple[Look, ...] = (look_at_orders, look_at_stock, look_at_posts, look_at_streams, look_at_texts)

LOOKS_MAX = 3
AGAIN_SECONDS = 1.0
"""The books are read one after the other while the suite goes on; a breach counts when it is seen again after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What came of it, with the stories of orders that breaches name.

    `moving` is what still moved when the waiting for rest ended (nothing when it was not asked).
    """

    verdicts: Sequence[Verdict]
    moving: Counter[str]
    stories: Stories

    @property
    def clean(self) -> bool:
        """Whether every invariant holds, and rest came where it was asked for."""
        return not self.moving and all(verdict.holds for verdict in self.verdicts)


async def check(places: Places, *, settle_seconds: float = 0.0, again_seconds: float = AGAIN_SECONDS) -> Check:
    """Prove I1 to I10 on a running suite."""
    async with open_sources(places) as sources:
        moving = await settle(sources, seconds_max=settle_seconds) if settle_seconds else Counter[str]()
        settled = replace(sources, settled=bool(settle_seconds) and not moving)
        verdicts = verdicts_of([await _lasting(look, settled, again_seconds) for look in GROUPS])
        breaches = [breach for verdict in verdicts for breach in verdict.breaches]
        stories = await stories_of(breaches, orders=sources.books["orders"])
    return Check(verdicts=verdicts, moving=moving, stories=stories)


async def _lasting(look: Look, sources: Sources, again_seconds: float) -> Findings:
    findings = await look(sources)
    for _ in range(LOOKS_MAX - 1):
        if not findings.breaches:
            break
        await asyncio.sleep(again_seconds)
        findings = (await look(sources)).lasting(findings)
    return findings
