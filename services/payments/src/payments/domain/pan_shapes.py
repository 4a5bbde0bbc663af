"""Texts that look like card numbers: a number typed into a wrong field must not be kept as that field."""

import re

from stdnum import luhn

_RUN = re.compile(r"[0-9](?:[ .-]?[0-9]){11,}")
_SPACING = re.compile(r"[\s.-]")
_FIRST_DIGITS = frozenset("23456")
_LENGTHS = range(12, 20)


def digits_of(text: str) -> str:
    """Take spaces, dots and dashes out of a number as people type it."""
    return _SPACING.sub("", text)


def holds_card_number(text: str) -> bool:
    """Tell whether a text holds 12 to 19 digits of a card, perhaps grouped, also among others: its expiry, a house."""
    return any(_is_among(digits_of(found)) for found in _RUN.findall(text))


def _is_among(digits: str) -> bool:
    parts = (digits[start : start + length] for start in range(len(digits)) for length in _LENGTHS)
    return any(part[0] in _FIRST_DIGITS and len(part) in _LENGTHS and luhn.is_valid(part) for part in parts)
