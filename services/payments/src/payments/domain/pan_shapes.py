"""Texts that look like card numbers: a number typed into a wrong field must not be kept as that field."""

import re

from stdnum import luhn

_RUN = re.compile(r"[0-9](?:[ -]?[0-9]){11,18}")
_SPACING = re.compile(r"[\s-]")


def digits_of(text: str) -> str:
    """Take spaces and dashes out of a number as people type it."""
    return _SPACING.sub("", text)


def holds_card_number(text: str) -> bool:
    """Tell whether a text holds 12 to 19 digits, perhaps grouped, that pass the check digit of cards."""
    return any(luhn.is_valid(digits_of(found)) for found in _RUN.findall(text))
