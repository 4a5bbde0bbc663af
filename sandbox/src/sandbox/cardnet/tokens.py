"""Tokens: a card sealed so that only this network can open it, which lets tokens outlive a restart."""

import base64
import binascii
import hashlib
import secrets
import struct
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.cardnet.card_numbers import account_of
from sandbox.cardnet.card_ranges import CardRange, range_of

_PREFIX = "tok_"
_CARD = struct.Struct(">QBH")
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a token stands for; the number's repr is the last four digits."""

    number: "Number"
    exp_month: int
    exp_year: int
    card_range: CardRange

    @property
    def last4(self) -> str:
        """The digits a person may see."""
        return self.number[-4:]

    def is_expired(self, *, at: datetime) -> bool:
        """Say whether the last day of the expiry month is over."""
        return (self.exp_year, self.exp_month) < (at.year, at.month)


class Number(str):
    """A card number that never shows itself in a traceback or a log line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'•••• {self[-4:]}'"


class TokenSealer:
    """Seals cards into tokens and opens them, by AES-256-GCM under a key made from the API key."""

    def __init__(self, *, api_key: str) -> None:
        self._key = hashlib.sha256(b"cardnet tokens" + api_key.encode()).digest()
        self._aead = AESGCM(self._key)

    def seal(self, card: Card) -> str:
        """Make a new token for a card; each call makes another one."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = _CARD.pack(int(card.number), card.exp_month, card.exp_year)
        sealed = nonce + self._aead.encrypt(nonce, plain, None)
        return _PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, token: str) -> Card | None:
        """Open a token; None when it is not one of ours."""
        try:
            raw = base64.urlsafe_b64decode(token.removeprefix(_PREFIX) + "=" * (-(len(token) - len(_PREFIX)) % 4))
            plain = self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
        except (binascii.Error, ValueError, InvalidTag):
            return None
        number, month, year = _CARD.unpack(plain)
        card_range = range_of(str(number))
        if card_range is None:
            return None
        return Card(number=Number(number), exp_month=month, exp_year=year, card_range=card_range)

    def account_reference(self, number: str) -> str:
        """Give the payment account reference (PAR, 29 characters): the same for every card of an account."""
        digest = hashlib.blake2b(account_of(number).encode(), key=self._key, digest_size=16).digest()
        return "HTIL" + base64.b32encode(digest).decode()[:25]
