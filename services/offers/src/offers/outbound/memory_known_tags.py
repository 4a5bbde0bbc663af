"""Known tags in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.memory import MemoryTable
from kernel.tags import Tag
from offers.domain.events import KnownTag, TagForgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryTag:
    """A tag's entry and whether it is forgotten."""

    known: KnownTag
    forgotten: bool = False


class MemoryKnownTags:
    """The known tags."""

    def __init__(self, table: MemoryTable[Tag, MemoryTag]) -> None:
        self._table = table

    async def by_tag(self, tag: Tag) -> KnownTag | None:
        """Load a tag's entry."""
        return self._table[tag].known if tag in self._table else None

    async def save(self, known: KnownTag) -> None:
        """Write a tag's entry."""
        self._table[known.tag] = MemoryTag(known=known)

    async def forget(self, forgotten: Sequence[TagForgotten]) -> None:
        """Mark tags as no longer known."""
        for each in forgotten:
            known = replace(self._table[each.tag].known, version=each.version)
            self._table[each.tag] = MemoryTag(known=known, forgotten=True)

    async def due_to_forget(self, *, at: datetime, limit: int) -> Sequence[KnownTag]:
        """Load known tags whose time is over."""
        due = [each.known for each in self._table.values() if not each.forgotten and each.known.known_until <= at]
        return sorted(due, key=lambda known: known.known_until)[:limit]
