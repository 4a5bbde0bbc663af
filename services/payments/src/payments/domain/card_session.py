"""A card session: one browser may enter one card, once, within 15 minutes."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from kernel.ids import CardToken
from kernel.refusals import Refusal, RefusalKind

LIFETIME = timedelta(minutes=15)
"""How long a card can be entered."""

KEPT_FOR = timedelta(days=1)
"""How long after its end a session is remembered, so that a late asker learns why."""

ENTRIES_MAX = 8
"""Cards tried in one session: enough for typing errors, too few to test stolen numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSession:
    """One session as it stands; `form_token` is the page's guard against forged posts."""

    card_session_id: str
    browser_session: str
    return_url: str
    form_token: str
    expires_at: datetime
    entries: int = 0
    card_token: CardToken | None = None

    def __repr__(self) -> str:
        return f"CardSession(card_session_id={self.card_session_id!r}, card_token={self.card_token!r})"


def same_browser(session: CardSession, *, asked_by: str) -> Refusal | None:
    """Refuse another browser; compared in constant time."""
    if hmac.compare_digest(session.browser_session.encode(), asked_by.encode()):
        return None
    return Refusal(
        kind=RefusalKind.FORBIDDEN,
        reason="SESSION_MISMATCH",
        message="This card session belongs to another browser; continue in the one you began with.",
    )


def may_enter(session: CardSession, *, at: datetime) -> Refusal | None:
    """Refuse a session that is used, over, or tried too often."""
    if session.card_token is not None:
        return _precondition("CARD_SESSION_USED", "A card was entered already. Go back to where you came from.")
    if at >= session.expires_at:
        return session_expired()
    if session.entries >= ENTRIES_MAX:
        return _precondition("CARD_SESSION_TRIED_TOO_OFTEN", "Too many cards were tried here. Start again.")
    return None


def entered_token(session: CardSession, *, at: datetime) -> CardToken | Refusal:
    """Give the card entered, or say why there is none."""
    if session.card_token is not None:
        return session.card_token
    if at >= session.expires_at:
        return session_expired()
    return _precondition("CARD_SESSION_EMPTY", "No card was entered yet.")


def session_not_found() -> Refusal:
    """Say that there is no such session."""
    message = "There is no such card session; go back to where you came from and start again."
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="CARD_SESSION_NOT_FOUND", message=message)


def session_expired() -> Refusal:
    """Say that the time for entering a card is over."""
    return _precondition("CARD_SESSION_EXPIRED", "The 15 minutes to enter a card are over. Start again.")


def way_back(session: CardSession) -> str:
    """Give where the browser goes when the card is entered: the return address with `card_session` in its query."""
    parts = urlsplit(session.return_url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("card_session", session.card_session_id)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _precondition(reason: str, message: str) -> Refusal:
    return Refusal(kind=RefusalKind.PRECONDITION, reason=reason, message=message)
