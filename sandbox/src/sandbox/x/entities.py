"""Entities of a post: the hashtags, mentions and links in its text, placed in code points as X places them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.x.hashtags import Hashtag, hashtags_in
from sandbox.x.links import LINK
from sandbox.x.users import User

_MENTION = re.compile(r"[@\uff20](?<![A-Za-z0-9_!#$%&*@\uff20/].)([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@\uff20])")
"""The sign comes before what must not stand before it: a search then runs from sign to sign, not letter by letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A handle in the text that belongs to somebody."""

    start: int
    end: int
    username: str
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address in the text."""

    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """What X found in one text; where two overlap the earlier in reading order wins."""

    hashtags: tuple[Hashtag, ...] = ()
    mentions: tuple[Mention, ...] = ()
    links: tuple[Link, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Write them as X does: a kind that is absent has no key."""
        kinds: dict[str, list[dict[str, object]]] = {
            "hashtags": [{"start": h.start, "end": h.end, "tag": h.tag} for h in self.hashtags],
            "mentions": [
                {"start": m.start, "end": m.end, "username": m.username, "id": str(m.user_id)} for m in self.mentions
            ],
            "urls": [
                {"start": u.start, "end": u.end, "url": u.url, "expanded_url": u.url, "display_url": u.url}
                for u in self.links
            ],
        }
        return {kind: found for kind, found in kinds.items() if found}


def entities_in(text: str, *, named: Callable[[str], User | None]) -> Entities:
    """Read a text; a handle nobody has is no mention."""
    links = (
        tuple(Link(start=m.start(), end=m.end(), url=m.group()) for m in LINK.finditer(text)) if "://" in text else ()
    )
    taken = [(link.start, link.end) for link in links]
    mentions = tuple(
        Mention(start=m.start(), end=m.end(), username=user.username, user_id=user.id)
        for m in _MENTION.finditer(text)
        if not any(start <= m.start() < end for start, end in taken) and (user := named(m.group(1)))
    )
    taken.extend((mention.start, mention.end) for mention in mentions)
    return Entities(hashtags=hashtags_in(text, taken=taken), mentions=mentions, links=links)
