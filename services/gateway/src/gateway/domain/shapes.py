"""Shapes: reading fields of somebody else's JSON without ever raising; what is missing or odd is simply absent."""

from collections.abc import Mapping
from typing import Any

_ID_DIGITS_MAX = 19
"""Ids are 64-bit and positive: 19 decimal digits hold them all."""

Fields = Mapping[str, Any]
"""A JSON object whose contents nobody has vouched for."""

_NOTHING: Fields = {}


def object_at(fields: Fields, *names: str) -> Fields:
    """Take the first of these names that holds an object; an empty object when none does."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, dict):
            return value
    return _NOTHING


def objects_at(fields: Fields, *names: str) -> list[Fields]:
    """Take the objects in the first of these names that holds a list; what is no object is left out."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, list):
            return [item for item in value if isinstance(item, dict)]
    return []


def strings_at(fields: Fields, *names: str) -> list[str]:
    """Take the strings in the first of these names that holds a list."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, list):
            return [item for item in value if isinstance(item, str)]
    return []


def string_at(fields: Fields, name: str) -> str:
    """Take the string under this name, or an empty one."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def id_at(fields: Fields, name: str) -> str:
    """Take the id under this name, decimal digits of a 64-bit number; empty when it is none."""
    return good_id(fields.get(name))


def good_id(value: object) -> str:
    """Take the value when it is an id; some events carry numbers where others carry strings."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= _ID_DIGITS_MAX:
        return ""
    return text if text.isascii() and text.isdigit() and int(text) < 2**63 else ""
