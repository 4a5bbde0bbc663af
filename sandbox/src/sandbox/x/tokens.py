"""Tokens: the app's own bearer, users' access and refresh tokens, and who a request speaks for."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from aiohttp import web

from sandbox.x.known_names import SCOPES
from sandbox.x.problems import forbidden, unauthorized, unsupported_authentication
from sandbox.x.settings import Settings
from sandbox.x.snowflake_ids import Clock
from sandbox.x.users import User
from sandbox.x.world import World

ACCESS_SECONDS = 7_200
GRANTS_MAX = 500_000
"""Beyond this many the oldest grant is forgotten, as if its user had taken it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a user allowed the app to do."""

    user_id: int
    scopes: frozenset[str]
    ends_at: float | None = None


class Tokens:
    """Issues, checks and revokes tokens."""

    def __init__(self, settings: Settings, *, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._program_token = settings.program_access_token.get_secret_value()
        key = f"{settings.client_id}:{settings.client_secret.get_secret_value()}".encode()
        self.app_bearer = hmac.new(key, b"app-only bearer", hashlib.sha256).hexdigest()
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}

    def app_of(self, request: web.Request) -> None:
        """Demand the app-only bearer."""
        token = _bearer(request)
        if token != self.app_bearer:
            self._known(token)
            raise unsupported_authentication("OAuth 2.0 Application-Only")

    def user_of(self, request: web.Request, *needed_scopes: str) -> User:
        """Demand a user's token with these scopes and give the user."""
        token = _bearer(request)
        if token == self.app_bearer:
            raise unsupported_authentication("OAuth 1.0a User Context, OAuth 2.0 User Context")
        grant = self._known(token)
        if not grant.scopes.issuperset(needed_scopes):
            raise forbidden(f"This token lacks a needed scope: {', '.join(sorted(set(needed_scopes) - grant.scopes))}.")
        if (user := self._world.users.get(grant.user_id)) is None:
            raise unauthorized()
        return user

    def reader_of(self, request: web.Request) -> User | None:
        """Demand any good token; None when the app itself asks."""
        return None if _bearer(request) == self.app_bearer else self.user_of(request, "tweet.read")

    def payer_of(self, request: web.Request) -> str:
        """Name whose rate limit a request counts against; a stranger's is not the app's."""
        token = _token_in(request)
        if token == self.app_bearer:
            return "app"
        grant = self._grant(token)
        return f"user {grant.user_id}" if grant else "nobody"

    def issue(self, user_id: int, scopes: frozenset[str]) -> dict[str, object]:
        """Issue an access token, and a refresh token if `offline.access` was allowed; gives X's token answer."""
        access = secrets.token_urlsafe(48)
        ends_at = self._clock() + ACCESS_SECONDS
        _keep(self._access, access, Grant(user_id=user_id, scopes=scopes, ends_at=ends_at))
        answer: dict[str, object] = {
            "token_type": "bearer",
            "expires_in": ACCESS_SECONDS,
            "access_token": access,
            "scope": " ".join(sorted(scopes)),
        }
        if "offline.access" in scopes:
            answer["refresh_token"] = secrets.token_urlsafe(48)
            _keep(self._refresh, str(answer["refresh_token"]), Grant(user_id=user_id, scopes=scopes))
        return answer

    def rotate(self, refresh_token: str) -> dict[str, object] | None:
        """Spend a refresh token for new tokens; None if it was spent or never issued."""
        grant = self._refresh.pop(refresh_token, None)
        return None if grant is None else self.issue(grant.user_id, grant.scopes)

    def revoke(self, token: str) -> None:
        """End one token, access or refresh; an unknown one changes nothing."""
        self._access.pop(token, None)
        self._refresh.pop(token, None)

    def revoke_all_of(self, user_id: int) -> None:
        """End everything a user allowed."""
        for kept in (self._access, self._refresh):
            for token in [token for token, grant in kept.items() if grant.user_id == user_id]:
                del kept[token]

    def _known(self, token: str) -> Grant:
        if (grant := self._grant(token)) is None:
            raise unauthorized()
        return grant

    def _grant(self, token: str) -> Grant | None:
        if token == self._program_token:
            return Grant(user_id=self._world.program.id, scopes=SCOPES)
        grant = self._access.get(token)
        ended = grant is not None and grant.ends_at is not None and grant.ends_at <= self._clock()
        return None if ended else grant


def _bearer(request: web.Request) -> str:
    if not (token := _token_in(request)):
        raise unauthorized()
    return token


def _token_in(request: web.Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


def _keep(kept: dict[str, Grant], token: str, grant: Grant) -> None:
    kept[token] = grant
    if len(kept) > GRANTS_MAX:
        del kept[next(iter(kept))]
