"""The vault's seal: what is sealed for one card and field opens as nothing else."""

import hashlib
import hmac

import orjson
from tink import aead

from kernel.ids import CardToken
from kernel.secret import Secret
from payments.domain.card import PostalAddress

PROCESSOR_TOKEN, BILLING = "processor_token", "billing"
"""The sealed fields of a card."""


class Vault:
    """Authenticated encryption under the keyset's primary key; the card's token and the field's name are bound in."""

    def __init__(self, primitive: aead.Aead) -> None:
        self._aead = primitive

    def seal_token(self, card_token: CardToken, processor_token: Secret[str]) -> bytes:
        """Seal the processor's token of a card."""
        return self._seal(processor_token.reveal().encode(), card_token, PROCESSOR_TOKEN)

    def open_token(self, card_token: CardToken, sealed: bytes) -> Secret[str]:
        """Open it; raises tink.TinkError for anything else."""
        return Secret(self._aead.decrypt(sealed, _bound(card_token, PROCESSOR_TOKEN)).decode())

    def seal_billing(self, card_token: CardToken, address: Secret[PostalAddress]) -> bytes:
        """Seal the billing address of a card: it is personal."""
        return self._seal(orjson.dumps(address.reveal()), card_token, BILLING)

    def open_billing(self, card_token: CardToken, sealed: bytes) -> PostalAddress:
        """Open it; raises tink.TinkError for anything else."""
        read = orjson.loads(self._aead.decrypt(sealed, _bound(card_token, BILLING)))
        return PostalAddress(**(read | {"lines": tuple(read["lines"])}))

    def _seal(self, plain: bytes, card_token: CardToken, field: str) -> bytes:
        sealed: bytes = self._aead.encrypt(plain, _bound(card_token, field))
        return sealed


class HmacFingerprints:
    """Equal card numbers have equal fingerprints; without the key none can be tried out (PCI DSS 3.5.1.1)."""

    def __init__(self, key: Secret[bytes]) -> None:
        self._key = key

    def of(self, number: str) -> bytes:
        """Give the HMAC-SHA256 of a card number."""
        return hmac.new(self._key.reveal(), number.encode(), hashlib.sha256).digest()


def _bound(card_token: CardToken, field: str) -> bytes:
    return f"{card_token}|{field}".encode()
