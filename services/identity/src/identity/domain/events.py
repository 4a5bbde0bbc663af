"""Facts identity tells: a link became active, was frozen, or ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from identity.domain.link import Link, LinkStatus


class LinkFactKind(StrEnum):
    """Which fact it is."""

    ACTIVATED = "ACTIVATED"
    FROZEN = "FROZEN"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFact:
    """One fact about a link as it stood right after the change."""

    kind: LinkFactKind
    link: Link
    at: datetime


_TOLD = {
    LinkStatus.ACTIVE: LinkFactKind.ACTIVATED,
    LinkStatus.FROZEN: LinkFactKind.FROZEN,
    LinkStatus.ENDED: LinkFactKind.ENDED,
}


def facts_of(*links: Link, at: datetime) -> list[LinkFact]:
    """Tell what the world needs to know of links just saved; steps on the way to ACTIVE are nobody's business."""
    return [
        LinkFact(kind=_TOLD[link.status], link=link, at=at)
        for link in links
        if link.status in _TOLD and link.network_user_id is not None
    ]
