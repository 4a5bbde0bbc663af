"""How to reach a cardmember, and what they do not want; what may be written there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kernel.ids import CardmemberId
from kernel.refusals import Refusal, invalid

NAME_LENGTH_MAX = 100
"""The protocol's bound; longer than any name on a card."""

EMAIL_LENGTH_MAX = 254
"""RFC 5321's bound on a path, less its brackets."""

_EMAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


class OptOut(StrEnum):
    """What a cardmember does not want."""

    RECEIPT_REPLIES = "RECEIPT_REPLIES"
    OFFER_MAILS = "OFFER_MAILS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDetails:
    """What the cardmember wrote about themselves."""

    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cardmember:
    """Whose cards are linked: one for each card account, over all networks."""

    cardmember_id: CardmemberId
    account_reference: str
    contact: ContactDetails
    opt_outs: frozenset[OptOut] = frozenset()


def refuse_contact(contact: ContactDetails) -> Refusal | None:
    """Say what is wrong with contact details, the first thing found, or None when nothing is."""
    return next((refusal for refusal in _contact_faults(contact) if refusal is not None), None)


def _contact_faults(contact: ContactDetails) -> Sequence[Refusal | None]:
    return (_name_fault(contact.name), _email_fault(contact.email), _language_fault(contact.language))


def _name_fault(name: str) -> Refusal | None:
    if not name.strip() or len(name) > NAME_LENGTH_MAX:
        return invalid(field_path="name", message=f"write 1 to {NAME_LENGTH_MAX} characters.")
    if not name.isprintable():
        return invalid(field_path="name", message="line breaks and control characters have no place in a name.")
    return None


def _email_fault(email: str) -> Refusal | None:
    if len(email) > EMAIL_LENGTH_MAX or _EMAIL.fullmatch(email) is None:
        return invalid(field_path="email", message="write an address such as ann@example.com.")
    if not (email.isascii() and email.isprintable()):  # mail servers take no others without an extension few have
        return invalid(field_path="email", message="write an address of plain letters, which every mail server takes.")
    return None


def _language_fault(language: str) -> Refusal | None:
    if _LANGUAGE.fullmatch(language) is None:
        return invalid(field_path="language", message="write a BCP 47 tag such as en or en-US.")
    return None
