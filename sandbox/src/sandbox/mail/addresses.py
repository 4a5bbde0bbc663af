"""The paths of MAIL and RCPT: `FROM:<address> PARAMETERS`, read leniently but never guessed."""

import re
from dataclasses import dataclass

from sandbox.mail.headers import writable

_PATH = re.compile(r"(FROM|TO):\s*<(?:@[^:<>]*:)?([^<>\s]*)>(.*)", re.IGNORECASE | re.DOTALL)
_SIZE = re.compile(r"\bSIZE=(\d{1,12})\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+|postmaster", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """An address (empty for the null sender) and the announced size, 0 when unannounced."""

    address: str
    size_bytes: int


def read_path(text: str, *, keyword: str) -> Path | None:
    """Read the argument of MAIL or RCPT; None when it is malformed."""
    match = _PATH.fullmatch(text)
    if match is None or match[1].upper() != keyword:
        return None
    if match[2] and not _ADDRESS.fullmatch(match[2]):
        return None
    size = _SIZE.search(match[3])
    return Path(address=writable(match[2]), size_bytes=int(size[1]) if size else 0)
