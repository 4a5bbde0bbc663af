"""The keyring of a data folder: passwords made at first start, kept in a file only its owner reads."""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from kernel.secret import Secret

FILE_NAME = "passwords.json"

PASSWORD_BYTES = 24
"""192 bits of chance, written in letters that need no quoting in an address."""

OWNER_ONLY = 0o600


class Keyring:
    """Passwords by name; asking for one that does not exist makes it and keeps it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._kept: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def password(self, name: str) -> Secret[str]:
        """Give the password kept under this name, made now if it is the first time."""
        return self.kept(name, lambda: secrets.token_urlsafe(PASSWORD_BYTES))

    def kept(self, name: str, make: Callable[[], str]) -> Secret[str]:
        """Give the secret kept under this name; `make` makes it the first time."""
        if name not in self._kept:
            self._kept[name] = make()
            self._save()
        return Secret(self._kept[name])

    def all(self) -> dict[str, str]:
        """Give every secret kept, in the clear: for who looks whether one of them got out."""
        return dict(self._kept)

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        write_private(fresh, json.dumps(self._kept, indent=1))
        fresh.replace(self._path)


def derived_key(password: Secret[str]) -> str:
    """Derive 32 bytes from a kept password, as URL-safe base64."""
    return urlsafe_b64encode(sha256(password.reveal().encode()).digest()).decode()


def write_private(path: Path, text: str) -> None:
    """Write a file nobody but its owner may read, from its first byte on, and see it on the disk."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
