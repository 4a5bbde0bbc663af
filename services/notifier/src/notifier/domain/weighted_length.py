"""How long a post is by X's own count: most letters weigh 1, ideographs and emoji 2, every link 23, after NFC."""

import re
import unicodedata

POST_WEIGHT_MAX = 280
"""X's bound (docs.x.com, counting characters)."""

_HEAVY = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
"""Code points that weigh 2; the ranges named weigh 1 (twitter-text configuration v3)."""

_LINK = re.compile(r"https?://\S+")
_BARE_LINK = re.compile(r"(?<![\w@.])(?:[\w-]+\.)+[A-Za-z]{2,}\b(?:/\S*)?")
"""X makes a link of a bare name such as Amazon.com too, where it knows the ending; which endings is X's affair."""

_ENDING = re.compile(r"\.[A-Za-z]{2}")
"""What a bare name cannot be without: most posts have none, and to look for this alone is quick."""

_LINK_WEIGHT = 23


def weight_of(text: str) -> int:
    """Weigh a text, never too lightly: emoji code point by code point, a bare link by the heavier of its readings."""
    plain, links = _LINK.subn("", unicodedata.normalize("NFC", text))
    bare = [_plain_weight(link) for link in _BARE_LINK.findall(plain)] if _ENDING.search(plain) else []
    return links * _LINK_WEIGHT + _plain_weight(plain) + sum(max(0, _LINK_WEIGHT - weight) for weight in bare)


def _plain_weight(text: str) -> int:
    return len(text) + len(_HEAVY.findall(text))


def shortened(text: str, *, weight_max: int) -> str:
    """Cut a text to a weight, ending in an ellipsis when something was cut."""
    if weight_of(text) <= weight_max:
        return text
    kept = text
    while kept and weight_of(kept) + 1 > weight_max:
        kept = kept[:-1]
    return kept.rstrip() + "…"
