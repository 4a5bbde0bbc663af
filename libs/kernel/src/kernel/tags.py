"""Hashtags: how they are compared, the shape an offer's tag must have, and the confirmation tag."""

import re
import unicodedata
from collections.abc import Callable
from typing import NewType

Tag = NewType("Tag", str)
"""A hashtag without `#`, in its canonical form (see `canonical_tag`)."""

ConfirmationTag = NewType("ConfirmationTag", str)
"""`ok` + 7 unambiguous characters + 1 check character, canonical (lower case)."""

CONFIRMATION_ALPHABET = "23456789bcdfghjkmpqrtvwx"
"""24 letters and digits that no font confuses: no vowels (no words), no 0/o, 1/i/l, s/5, z/2, n/m, u/v, y."""

_CODE_LENGTH = 7
_OFFER_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,49}")
_CONFIRMATION = re.compile(rf"ok[{CONFIRMATION_ALPHABET}]{{{_CODE_LENGTH + 1}}}")


def canonical_tag(text: str) -> Tag:
    """Fold a hashtag for comparison: NFC, then casefold, then NFC again so that folding twice changes nothing."""
    return Tag(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()))


def is_offer_tag(text: str) -> bool:
    """Whether a merchant may use this tag: ASCII, 3 to 50 characters, and not of the confirmation tag's shape."""
    return _OFFER_TAG.fullmatch(text) is not None and not looks_like_confirmation(canonical_tag(text))


def looks_like_confirmation(tag: Tag) -> bool:
    """Whether a tag has the confirmation tag's shape; its check character may still be wrong."""
    return _CONFIRMATION.fullmatch(tag) is not None


def is_confirmation_tag(tag: Tag) -> bool:
    """Whether a tag is a well-formed confirmation tag, check character included."""
    return looks_like_confirmation(tag) and _check_character(tag[2:-1]) == tag[-1]


def new_confirmation_tag(draw: Callable[[int], int]) -> ConfirmationTag:
    """Make a confirmation tag; `draw(n)` gives a uniform integer below n (`secrets.randbelow` outside tests)."""
    code = "".join(CONFIRMATION_ALPHABET[draw(len(CONFIRMATION_ALPHABET))] for _ in range(_CODE_LENGTH))
    return ConfirmationTag(f"ok{code}{_check_character(code)}")


def _check_character(code: str) -> str:
    """Weigh each character by its place (Luhn mod N over 24), so one typo or one swap is caught."""
    size, total, factor = len(CONFIRMATION_ALPHABET), 0, 2
    for character in reversed(code):
        added = factor * CONFIRMATION_ALPHABET.index(character)
        total += added // size + added % size
        factor = 3 - factor
    return CONFIRMATION_ALPHABET[-total % size]
