"""Weighted length: how long X says a text is; a link counts 23, an emoji 2, most other letters outside Latin 2."""

import unicodedata

import regex

from sandbox.x.links import LINK

LENGTH_MAX = 280
_LINK_WEIGHT = 23
_EMOJI_WEIGHT = 2
_LIGHT_RANGES = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""twitter-text's configuration v3: these code points weigh 1, all others 2."""

_GRAPHEME = regex.compile(r"\X")
_EMOJI_START = regex.compile(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}|\p{Regional_Indicator}|.\ufe0f?\u20e3")


def weighted_length(text: str) -> int:
    """Weigh a text as X does before it accepts it."""
    if text.isascii() and "://" not in text:
        return len(text)
    composed = unicodedata.normalize("NFC", text)
    without_links, links = LINK.subn("", composed)
    if without_links.isascii():
        return len(without_links) + links * _LINK_WEIGHT
    return links * _LINK_WEIGHT + sum(_weight(part) for part in _GRAPHEME.findall(without_links))


def cut_to_length(text: str, *, length_max: int) -> str:
    """Give the longest beginning that weighs at most that much, never cutting inside a character."""
    if weighted_length(text) <= length_max:
        return text
    places = [match.start() for match in _GRAPHEME.finditer(text)]
    low, high = 0, len(places) - 1
    while low < high:  # halves each time
        middle = (low + high + 1) // 2
        low, high = (middle, high) if weighted_length(text[: places[middle]]) <= length_max else (low, middle - 1)
    return text[: places[low]]


def _weight(grapheme: str) -> int:
    if _EMOJI_START.match(grapheme) and not grapheme.isascii() and ord(grapheme[0]) not in {0xA9, 0xAE}:
        return _EMOJI_WEIGHT
    return sum(1 if any(first <= ord(c) <= last for first, last in _LIGHT_RANGES) else 2 for c in grapheme)
