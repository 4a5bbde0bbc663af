"""Hashtag extraction by X's published rules: what is a hashtag in a text, and where, in code points."""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

_LETTERS = r"\p{L}\p{M}"
_SPECIAL = r"_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
_WORD = rf"{_LETTERS}\p{{Nd}}{_SPECIAL}"
_HASHTAG = regex.compile(
    r"[#\uff03]"  # first, so that a search runs from sign to sign; the dots below are this sign
    rf"(?:(?<=[\ufe0e\ufe0f].)|(?<![{_WORD}&].))"  # a variation selector ends an emoji, so a tag may follow it
    r"(?![\ufe0f\u20e3])"  # '#' + U+FE0F U+20E3 is the keycap emoji
    rf"([{_WORD}]*[{_LETTERS}][{_WORD}]*)"
)
_SPOILED_BY = ("#", "\uff03", "://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashtag:
    """A tag without its `#`; `start` is the sign's place, `end` is exclusive."""

    start: int
    end: int
    tag: str


def hashtags_in(text: str, *, taken: Sequence[tuple[int, int]] = ()) -> tuple[Hashtag, ...]:
    """Find the hashtags; `taken` are the spans of links and mentions, which an overlapping tag loses to."""
    if "#" not in text and "\uff03" not in text:
        return ()
    found = (
        Hashtag(start=match.start(1) - 1, end=match.end(1), tag=match.group(1))
        for match in _HASHTAG.finditer(text)
        if not text.startswith(_SPOILED_BY, match.end(1))
    )
    return tuple(tag for tag in found if not any(start < tag.end and tag.start < end for start, end in taken))
