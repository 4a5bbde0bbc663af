"""Telling: what saved changes have to tell, in order."""

from collections.abc import Iterable

from orders.domain.change import Announcement, Change


def told_of(saved: Iterable[Change]) -> list[Announcement]:
    """Gather the announcements of changes that really happened."""
    return [announcement for change in saved for announcement in change.told]
