"""Violations: every field of a request that cannot be, gathered into one refusal."""

import re
from collections.abc import Iterable

from kernel.refusals import Refusal, invalid

ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]")
"""An id chosen by the caller: lower-case letters, digits and dashes, 3 to 50 characters."""

NETWORK = re.compile(r"[a-z][a-z0-9_]{0,29}")
"""A network's name; the set is open, the shape is not."""

COUNTRY = re.compile(r"[A-Z]{2}")
REGION = re.compile(r"[A-Z0-9]{1,3}")
CURRENCY = re.compile(r"[A-Z]{3}")

VIOLATIONS_TOLD_MAX = 10
"""Facts travel in a trailer of a few kilobytes; ten wrong fields keep anyone busy."""


def is_id(value: str) -> bool:
    """Whether anything can have this id; what cannot is never asked of the store, which takes no NUL."""
    return ID.fullmatch(value) is not None


class Violations:
    """Field paths with what is wrong there, in the order found."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def unless(self, holds: object, field_path: str, message: str) -> None:
        """Note a violation unless the condition holds."""
        if not holds:
            self._found.append((field_path, message + "."))

    def refusal(self) -> Refusal | None:
        """Give one INVALID_FIELD refusal, None when nothing is wrong.

        The first is in message and fact `field`; others are facts `field_2`, `message_2` and so on, ten at most.
        """
        if not self._found:
            return None
        first = invalid(field_path=self._found[0][0], message=self._found[0][1])
        return Refusal(
            kind=first.kind, reason=first.reason, message=first.message, facts=dict(first.facts) | self._others()
        )

    def _others(self) -> dict[str, str]:
        others: dict[str, str] = {}
        for number, (path, message) in enumerate(self._found[1:VIOLATIONS_TOLD_MAX], start=2):
            others |= {f"field_{number}": path, f"message_{number}": message}
        return others


def check_text(
    found: Violations, text: str, field_path: str, *, characters_max: int, required: bool = True, lines: bool = False
) -> None:
    """Note a text that is empty, too long or holds control characters (line ends pass when `lines`)."""
    found.unless(text.strip() or not required, field_path, "must not be empty")
    found.unless(len(text) <= characters_max, field_path, f"has {len(text)} characters, at most {characters_max} fit")
    shown = text.replace("\n", "") if lines else text
    found.unless(shown.isprintable(), field_path, "holds characters that cannot be shown")


def check_names(
    found: Violations, names: Iterable[str], field_path: str, *, shape: re.Pattern[str], example: str, count_max: int
) -> None:
    """Note a list that is empty, too long, repeats itself or holds a name of another shape."""
    given = list(names)
    found.unless(1 <= len(given) <= count_max, field_path, f"must hold 1 to {count_max} names such as {example}")
    found.unless(len(set(given)) == len(given), field_path, "names one twice")
    for index, name in enumerate(given):
        found.unless(shape.fullmatch(name), f"{field_path}[{index}]", f"must look like {example}")
