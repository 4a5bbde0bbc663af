"""OAuth 2.0 with PKCE: authorization requests judged, codes that live 30 seconds and work once."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.x.known_names import SCOPES
from sandbox.x.settings import Settings
from sandbox.x.snowflake_ids import Clock
from sandbox.x.tokens import Tokens

CODE_SECONDS = 30
STATE_CHARACTERS_MAX = 500
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""Base64url of a SHA-256 digest, unpadded (RFC 7636)."""

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthError(Exception):
    """A refusal in OAuth's own words: `error`, `error_description`, and the HTTP status."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A judged request for access, as its page carries it along."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    code_challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    request: AuthorizationRequest
    user_id: int
    ends_at: float


class OAuth:
    """Hands out codes and changes them into tokens."""

    def __init__(self, settings: Settings, *, tokens: Tokens, clock: Clock) -> None:
        self._settings = settings
        self._tokens = tokens
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    def judge(self, query: Mapping[str, str]) -> AuthorizationRequest:
        """Check everything X checks before it shows the page."""
        wrong = _first_wrong(
            {
                "client_id is not known": query.get("client_id") == self._settings.client_id,
                "redirect_uri is not registered": query.get("redirect_uri") in self._settings.redirect_uris,
                "response_type must be code": query.get("response_type") == "code",
                "state is missing or too long": 0 < len(query.get("state", "")) <= STATE_CHARACTERS_MAX,
                "code_challenge_method must be S256": query.get("code_challenge_method") == "S256",
                "code_challenge is malformed": _CHALLENGE.fullmatch(query.get("code_challenge", "")) is not None,
                "scope is missing or unknown": _are_scopes(query.get("scope", "")),
            }
        )
        if wrong:
            raise OAuthError("invalid_request", wrong)
        return AuthorizationRequest(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            scope=query["scope"],
            state=query["state"],
            code_challenge=query["code_challenge"],
        )

    def allow(self, request: AuthorizationRequest, *, user_id: int) -> str:
        """Give a code for what a user allowed."""
        now = self._clock()
        self._codes = {code: kept for code, kept in self._codes.items() if kept.ends_at > now}
        code = secrets.token_urlsafe(48)
        self._codes[code] = _Code(request=request, user_id=user_id, ends_at=now + CODE_SECONDS)
        return code

    def token(self, form: Mapping[str, str], *, authorization: str | None) -> dict[str, object]:
        """Answer the token endpoint."""
        self.check_client(form, authorization=authorization)
        match form.get("grant_type"):
            case "authorization_code":
                return self._from_code(form)
            case "refresh_token":
                if (answer := self._tokens.rotate(form.get("refresh_token", ""))) is None:
                    raise OAuthError("invalid_request", "Value passed for the token was invalid.")
                return answer
            case _:
                raise OAuthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")

    def check_client(self, form: Mapping[str, str], *, authorization: str | None) -> None:
        """Know the client by HTTP Basic, or a public one by its id in the form."""
        if authorization is not None:
            self._check_secret(authorization)
        elif form.get("client_id") != self._settings.client_id:
            raise OAuthError("unauthorized_client", "Missing valid authorization header", status=401)

    def check_app(self, grant_type: str, *, authorization: str | None) -> None:
        """Demand what the app-only bearer is given for."""
        self._check_secret(authorization)
        if grant_type != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials.")

    def _check_secret(self, authorization: str | None) -> None:
        """Demand the client's id and secret by HTTP Basic."""
        wanted = f"{self._settings.client_id}:{self._settings.client_secret.get_secret_value()}".encode()
        kind, _, given = (authorization or "").partition(" ")
        if kind.lower() != "basic" or given != base64.b64encode(wanted).decode():
            raise OAuthError("unauthorized_client", "Missing valid authorization header", status=401)

    def _from_code(self, form: Mapping[str, str]) -> dict[str, object]:
        """Spend a code: whatever is wrong with the attempt, the code is gone."""
        kept = self._codes.pop(form.get("code", ""), None)
        if kept is None or kept.ends_at <= self._clock():
            raise OAuthError("invalid_request", "Value passed for the authorization code was invalid.")
        if form.get("redirect_uri") != kept.request.redirect_uri:
            raise OAuthError("invalid_request", "Value passed for the redirect uri did not match the uri of the code.")
        if not _proves(form.get("code_verifier", ""), kept.request.code_challenge):
            raise OAuthError("invalid_request", "Value passed for the code verifier did not match the code challenge.")
        return self._tokens.issue(kept.user_id, frozenset(kept.request.scope.split()))


def _first_wrong(checks: Mapping[str, bool]) -> str | None:
    return next((sentence for sentence, holds in checks.items() if not holds), None)


def _are_scopes(scope: str) -> bool:
    return bool(scope.split()) and SCOPES.issuperset(scope.split())


def _proves(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return _VERIFIER.fullmatch(verifier) is not None and hmac.compare_digest(made, challenge)
