"""An OAuth authorization under way: state and PKCE verifier, good once, in one browser, for ten minutes."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from identity.domain.link import same_browser
from kernel.ids import LinkId
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret

STATE_LIFETIME = timedelta(minutes=10)
"""Long enough to log in at the network, short enough that a forgotten tab is worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What must come back with the browser; the verifier leaves only for the network's token endpoint."""

    state: Secret[str]
    verifier: Secret[str]
    link_id: LinkId
    browser_session: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthApp:
    """Who we are at a network, and where it sends browsers back."""

    authorize_url: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]


def state_key(state: str) -> bytes:
    """Hash a state: only the hash is stored, so a read database opens no door."""
    return hashlib.sha256(state.encode()).digest()


def challenge_of(verifier: Secret[str]) -> str:
    """Compute the S256 code challenge (RFC 7636 § 4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_url(authorization: Authorization, *, app: OAuthApp) -> str:
    """Write the address of the network's consent page for this authorization."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(app.scopes),
        "state": authorization.state.reveal(),
        "code_challenge": challenge_of(authorization.verifier),
        "code_challenge_method": "S256",
    }
    return f"{app.authorize_url}?{urlencode(query)}"


def refuse_return(authorization: Authorization | None, *, browser_session: str, at: datetime) -> Refusal | None:
    """Why a browser that came back cannot finish this authorization, or None when it can."""
    if authorization is None:
        return Refusal(
            kind=RefusalKind.NOT_FOUND,
            reason="LINK_STATE_UNKNOWN",
            message="This link is not under way, or was finished already; start a new one.",
        )
    mismatch = same_browser(authorization.browser_session, asked_by=browser_session)
    if mismatch is not None:
        return mismatch
    if at >= authorization.expires_at:
        return Refusal(
            kind=RefusalKind.PRECONDITION,
            reason="LINK_STATE_EXPIRED",
            message="More than ten minutes passed; start the link again.",
        )
    return None
