"""Seals what must be read back but never be readable in the database: OAuth verifiers and access tokens."""

from cryptography.fernet import Fernet

from kernel.secret import Secret


class Seal:
    """Authenticated encryption (Fernet: AES-128-CBC with HMAC-SHA256) under the service's own key."""

    def __init__(self, key: Secret[str]) -> None:
        self._fernet = Fernet(key.reveal())

    def close(self, secret: Secret[str]) -> bytes:
        """Seal a text."""
        return self._fernet.encrypt(secret.reveal().encode())

    def open(self, sealed: bytes) -> Secret[str]:
        """Open what this key sealed; raises cryptography's InvalidToken for anything else."""
        return Secret(self._fernet.decrypt(sealed).decode())
