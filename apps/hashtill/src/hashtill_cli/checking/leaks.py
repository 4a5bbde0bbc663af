"""I10: no card number, CVV or secret in any text; what is found is told by its place, never repeated."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chassis.masking import passes_luhn
from hashtill_cli.checking.findings import Breach, Invariant

SECRET_LENGTH_MIN = 12
"""Shorter ones would be found in any text; ours have 32 characters."""

LEAKS_A_TEXT_MAX = 10

_RUN = re.compile(r"(?<![0-9A-Za-z.])(?:2(?:[ -]?[0-9]){15}|[3-6](?:[ -]?[0-9]){12,18})(?![0-9A-Za-z])")
"""13 to 19 digits, perhaps grouped, that begin as cards do; a 2 only with 16 digits."""

_CVV = re.compile(r"(?i)\b(?:cvv2?|cvc|cid|security.code)\b[\"' ]{0,2}[:=][\"' ]{0,2}[0-9]{3,4}\b")

_IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""UUIDs and traceparents; by chance 13 of a million UUIDs hold a run of digits that passes as a card number."""

ID_LENGTH_MAX = 55

_ISSUERS = re.compile(
    r"3[47]\d{13}|4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
)
"""Whole numbers by length and first digits: American Express, Visa, Mastercard, Discover, JCB, Diners Club."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Looks for card numbers, CVVs and these secrets, given by name."""

    secrets: Mapping[str, str]

    def breaches(self, text: str, *, place: str) -> Iterator[Breach]:
        """Find leaks in a text; `place` says where it stands."""
        for what in list(self._leaks(text))[:LEAKS_A_TEXT_MAX]:
            yield Breach(invariant=Invariant.NO_SECRET, what=what, ids=(place,))

    def _leaks(self, text: str) -> Iterator[str]:
        for found in _RUN.finditer(text):
            digits = re.sub(r"[ -]", "", found[0])
            if _ISSUERS.fullmatch(digits) and passes_luhn(digits) and not _is_of_an_id(found):
                yield f"A card number, ending in {digits[-4:]}."
        if _CVV.search(text):
            yield "A CVV."
        for name, secret in self.secrets.items():
            if len(secret) >= SECRET_LENGTH_MIN and secret in text:
                yield f"The secret {name}."


def _is_of_an_id(run: re.Match[str]) -> bool:
    """Whether a run of digits is a part of an id that is told apart by its hyphens."""
    ids = _IDS.finditer(run.string, max(0, run.start() - ID_LENGTH_MAX), run.end() + ID_LENGTH_MAX)
    return any(found.start() <= run.start() and run.end() <= found.end() for found in ids)
