"""How long a post is by X's own count: most letters weigh 1, ideographs and emoji 2, every link 23, after NFC."""

import re
import unicodedata

POST_WEIGHT_MAX = 280
"""X's bound (docs.x.com, counting characters)."""

_HEAVY = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
"""Code points that weigh 2; the ranges named weigh 1 (twitter-text configuration v3)."""

_LINK = re.compile(r"https?://\S+")
_LINK_WEIGHT = 23


def weight_of(text: str) -> int:
    """Weigh a text; an emoji sequence is counted code point by code point, so never too light."""
    composed = unicodedata.normalize("NFC", text)
    plain, links = _LINK.subn("", composed)
    return links * _LINK_WEIGHT + len(plain) + len(_HEAVY.findall(plain))


def shortened(text: str, *, weight_max: int) -> str:
    """Cut a text to a weight, ending in an ellipsis when something was cut."""
    if weight_of(text) <= weight_max:
        return text
    kept = text
    while kept and weight_of(kept) + 1 > weight_max:
        kept = kept[:-1]
    return kept.rstrip() + "…"
