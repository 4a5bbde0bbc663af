"""A card session starts: a page for one browser, once, for 15 minutes."""

import secrets
from collections.abc import Collection
from urllib.parse import urlsplit

from kernel.refusals import Refusal, invalid
from payments.domain.card_session import LIFETIME, CardSession
from payments.usecases.ports import Transactions

_RANDOM_BYTES = 16
"""128 bits, for ids and form tokens that nobody guesses."""


async def start_card_session(
    *, browser_session: str, return_url: str, return_origins: Collection[str], transactions: Transactions
) -> CardSession | Refusal:
    """Start one; refuses a way back that is not of the pages' origin."""
    if origin_of(return_url) not in return_origins:
        return invalid(field_path="return_url", message="must be an address of the pages' own origin.")
    async with transactions.begin() as unit:
        session = CardSession(
            card_session_id=f"cs_{secrets.token_urlsafe(_RANDOM_BYTES)}",
            browser_session=browser_session,
            return_url=return_url,
            form_token=secrets.token_urlsafe(_RANDOM_BYTES),
            expires_at=unit.at + LIFETIME,
        )
        await unit.sessions.add(session)
    return session


def origin_of(url: str) -> str:
    """Give scheme, host and port of an http address; empty for anything else, credentials and line breaks too."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and "\\" not in url
    return f"{parts.scheme}://{parts.hostname}{port}" if plain and url.isprintable() else ""
