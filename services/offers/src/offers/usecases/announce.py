"""Announcing a change of an offer: the fact itself, and its tag's entry for those who filter by it."""

from offers.domain.events import OfferFact
from offers.domain.known_tag import know
from offers.domain.life_cycle import Change
from offers.usecases.ports import Unit


async def announce(change: Change, *, unit: Unit) -> None:
    """Tell what changed; a draft is nobody's business yet."""
    if change.fact is None:
        return
    facts: list[OfferFact] = [change.fact]
    before = await unit.known_tags.by_tag(change.offer.terms.canonical_tag)
    if change.keeps_tag_known(before) and (known := know(change.offer, before)) is not None:
        await unit.known_tags.save(known.known)
        facts.append(known)
    await unit.outbox.add(facts)
