"""Keys: where the vault's keyset comes from (a KMS changes this file alone); run as a program, it makes some."""

import base64
import binascii
import secrets
import sys
from typing import Protocol

import tink
from tink import aead, secret_key_access

from chassis.lifecycle import NotThereError
from kernel.secret import Secret

FINGERPRINT_KEY_BYTES = 32
"""A key as long as SHA-256's answer; RFC 2104 asks for no less."""

_REMEDY = "Make keys with: python -m payments.outbound.keys"


class WrongKeyError(NotThereError):
    """A key in the settings is none: the start gives up with a sentence that says which and how to make one."""


class Kms(Protocol):
    """Unwraps the keyset once, at the start: no call a card."""

    async def unwrap(self, wrapped: Secret[str]) -> Secret[str]:
        """Give the keyset in the clear (Tink's JSON)."""


class NoKms:
    """The keyset stands in the settings in the clear, as base64 of Tink's JSON: for one machine, not for production."""

    async def unwrap(self, wrapped: Secret[str]) -> Secret[str]:
        """Decode it."""
        try:
            return Secret(base64.b64decode(wrapped.reveal(), validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            raise WrongKeyError(
                f"HASHTILL_VAULT_KEYSET must be a Tink AEAD keyset (JSON) as base64. {_REMEDY}"
            ) from None


async def open_keyset(wrapped: Secret[str], *, kms: Kms) -> aead.Aead:
    """Open the keyset; its primary key seals, every key in it opens, so that keys can be rotated."""
    aead.register()
    keyset = await kms.unwrap(wrapped)
    try:
        handle = tink.json_proto_keyset_format.parse(keyset.reveal(), secret_key_access.TOKEN)
        return handle.primitive(aead.Aead)
    except tink.TinkError:
        raise WrongKeyError(f"HASHTILL_VAULT_KEYSET holds no usable Tink AEAD keyset. {_REMEDY}") from None


def new_keyset() -> str:
    """Make a keyset (AES-256-GCM) as HASHTILL_VAULT_KEYSET takes it."""
    aead.register()
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    written = tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return base64.b64encode(written.encode()).decode()


def new_fingerprint_key() -> str:
    """Make a key as HASHTILL_FINGERPRINT_KEY takes it."""
    return base64.b64encode(secrets.token_bytes(FINGERPRINT_KEY_BYTES)).decode()


def read_fingerprint_key(written: Secret[str]) -> Secret[bytes]:
    """Read the key of fingerprints."""
    try:
        key = base64.b64decode(written.reveal(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < FINGERPRINT_KEY_BYTES:
        raise WrongKeyError(
            f"HASHTILL_FINGERPRINT_KEY must be {FINGERPRINT_KEY_BYTES} random bytes as base64. {_REMEDY}"
        )
    return Secret(key)


if __name__ == "__main__":
    sys.stdout.write(f"HASHTILL_VAULT_KEYSET={new_keyset()}\nHASHTILL_FINGERPRINT_KEY={new_fingerprint_key()}\n")
