"""How long a post is by X's own count: most letters weigh 1, ideographs and emoji 2, every link 23, after NFC."""

import re
import unicodedata

POST_WEIGHT_MAX = 280
"""X's bound (docs.x.com, counting characters)."""

_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""Code points that weigh 1 (twitter-text configuration v3); all others weigh 2."""

_LINK = re.compile(r"https?://\S+")
_LINK_WEIGHT = 23


def weight_of(text: str) -> int:
    """Weigh a text; an emoji sequence is counted code point by code point, so never too light."""
    composed = unicodedata.normalize("NFC", text)
    links = len(_LINK.findall(composed))
    return links * _LINK_WEIGHT + sum(_weight(character) for character in _LINK.sub("", composed))


def shortened(text: str, *, weight_max: int) -> str:
    """Cut a text to a weight, ending in an ellipsis when something was cut."""
    if weight_of(text) <= weight_max:
        return text
    kept = text
    while kept and weight_of(kept) + 1 > weight_max:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _weight(character: str) -> int:
    point = ord(character)
    return 1 if any(low <= point <= high for low, high in _LIGHT) else 2
