"""Masking: what looks like a card number never reaches a log line or a span."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "[card number]"
"""What stands where a card number stood."""

DEPTH_MAX = 6
"""How deep a structure is searched; deeper ones are written as text first, then searched."""

_CANDIDATE = re.compile(r"(?<![0-9A-Za-z])(?:2(?:[ -]?[0-9]){15}|[3-6](?:[ -]?[0-9]){12,18})(?![0-9A-Za-z])")
"""13 to 19 digits, perhaps grouped, that begin as cards do; a 2 only with 16 digits, or X's ids would match."""

_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def masked(text: str) -> str:
    """Replace each run of digits that passes as a card number; other text comes back as it was."""
    return _CANDIDATE.sub(_mask, text)


def masked_value(value: Any, *, depth: int = 0) -> Any:
    """Mask a structure of mappings, sequences and text; a Secret becomes its stars, other objects their repr."""
    if depth < DEPTH_MAX and isinstance(value, Mapping):
        return {masked(str(key)): masked_value(item, depth=depth + 1) for key, item in value.items()}
    if depth < DEPTH_MAX and isinstance(value, (list, tuple, set, frozenset)):
        return [masked_value(item, depth=depth + 1) for item in value]
    return _masked_leaf(value)


def _masked_leaf(value: Any) -> Any:
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if masked(str(value)) == str(value) else MASK
        case bytes():
            return f"<{len(value)} bytes>"
        case _:
            return masked(str(value))


def passes_luhn(digits: str) -> bool:
    """Whether digits end in the check digit that card numbers carry (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total += _LUHN_DOUBLED[int(digit)] if place % 2 else int(digit)
    return total % 10 == 0


def _mask(found: re.Match[str]) -> str:
    digits = re.sub(r"[ -]", "", found[0])
    return MASK if passes_luhn(digits) else found[0]
