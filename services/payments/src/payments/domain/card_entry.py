"""A card as it was typed: read from the form, or a sentence for each field that cannot be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from stdnum import luhn

from kernel.secret import Secret
from payments.domain.billing_entry import read_billing
from payments.domain.card import PostalAddress
from payments.domain.pan_shapes import digits_of

YEARS_AHEAD_MAX = 20
"""Issuers print no later expiry."""

FieldErrors = dict[str, str]
"""A sentence for each field that is wrong, by the field's name."""

_CENTURY = 2000
_MONTHS = 12
_EXPIRY = re.compile(r"\s*([0-9]{1,2})\s*[/-]\s*(?:20)?([0-9]{2})\s*")
_AMEX = re.compile(r"3[47][0-9]{13}")
_OTHER_NUMBER = re.compile(r"[0-9]{12,19}")
_AMEX_CVV_DIGITS, _OTHER_CVV_DIGITS = 4, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEntry:
    """A card on its way to the processor; number and CVV live in this one request and nowhere else."""

    number: Secret[str]
    cvv: Secret[str]
    exp_month: int
    exp_year: int
    billing: PostalAddress


def read_entry(form: Mapping[str, str], *, at: datetime) -> CardEntry | FieldErrors:
    """Read the form; every field that is wrong is named at once."""
    number, month, year = digits_of(form.get("number", "")), *_read_expiry(form.get("expiry", ""))
    cvv = form.get("cvv", "").strip()
    errors = _number_errors(number) | _expiry_errors(month, year, at=at) | _cvv_errors(cvv, number)
    billing = read_billing(form)
    if isinstance(billing, dict):
        return errors | billing
    if errors:
        return errors
    return CardEntry(number=Secret(number), cvv=Secret(cvv), exp_month=month, exp_year=year, billing=billing)


def _read_expiry(text: str) -> tuple[int, int]:
    found = _EXPIRY.fullmatch(text)
    return (int(found[1]), _CENTURY + int(found[2])) if found else (0, 0)


def _number_errors(number: str) -> FieldErrors:
    if not number:
        return {"number": "Enter the number on the front of your card."}
    looks_amex = number.startswith(("34", "37"))
    if not (_AMEX if looks_amex else _OTHER_NUMBER).fullmatch(number):
        digits = "15 digits" if looks_amex else "12 to 19 digits"
        return {"number": f"A card number of this kind has {digits}. Please check it."}
    if not luhn.is_valid(number):
        return {"number": "One digit of this number seems to be wrong. Please check it."}
    return {}


def _expiry_errors(month: int, year: int, *, at: datetime) -> FieldErrors:
    if not 1 <= month <= _MONTHS:
        return {"expiry": "Enter the expiry date as month and year, for example 09/28."}
    if (year, month) < (at.year, at.month):
        return {"expiry": "This card has expired."}
    if year > at.year + YEARS_AHEAD_MAX:
        return {"expiry": "This year is too far ahead. Please check it."}
    return {}


def _cvv_errors(cvv: str, number: str) -> FieldErrors:
    if _number_errors(number):  # whose card it is cannot be told, and so not where its code is
        return {} if cvv else {"cvv": "Enter the 4 digits above the number on the front, or the 3 digits on the back."}
    amex = number.startswith(("34", "37"))
    digits = _AMEX_CVV_DIGITS if amex else _OTHER_CVV_DIGITS
    if cvv.isascii() and cvv.isdigit() and len(cvv) == digits:
        return {}
    where = "above the number on the front" if amex else "on the back"
    return {"cvv": f"Enter the {digits} digits printed {where} of your card."}
