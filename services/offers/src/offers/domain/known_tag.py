"""Known tags: from publishing to 30 days after the end, so that a late post still gets its answer."""

from dataclasses import replace
from datetime import timedelta

from offers.domain.events import KnownTag, TagForgotten, TagKnown
from offers.domain.offer import Offer

KNOWN_AFTER_END = timedelta(days=30)


def know(offer: Offer, before: KnownTag | None) -> TagKnown | None:
    """Give the tag's new entry; None when it already says the same."""
    known = KnownTag(
        tag=offer.terms.canonical_tag,
        offer_id=offer.offer_id,
        kind=offer.terms.kind,
        channels=offer.terms.channels,
        ends_at=offer.ends_at,
        known_until=offer.ends_at + KNOWN_AFTER_END,
        version=before.version if before else 1,
    )
    if known == before:
        return None
    return TagKnown(known=replace(known, version=known.version + 1) if before else known)


def forget(known: KnownTag) -> TagForgotten:
    """Take a tag back; its version goes on."""
    return TagForgotten(tag=known.tag, version=known.version + 1)
