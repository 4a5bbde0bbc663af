"""X's own OAuth 2.0 and account endpoints: redeem a code, say who it is, withdraw our access."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import structlog
from aiohttp import ClientSession, ClientTimeout, encode_basic_auth

from identity.domain.link import Account
from identity.usecases.ports import Grant
from kernel.ids import NetworkUserId
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret

CALL_SECONDS = 5.0
"""A code lives 30 s at X; two calls of this bound leave room for the browser's way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XApp:
    """Our app at X: where its API is, and what proves that we are we."""

    api_url: str
    client_id: str
    client_secret: Secret[str]
    redirect_uri: str


class NotAnsweredError(Exception):
    """X did not answer in time, or said that it cannot now."""


class XAccounts:
    """The identity service's view of X; the session is kept and shared."""

    def __init__(self, session: ClientSession, *, app: XApp) -> None:
        self._session, self._app = session, app

    async def redeem(self, *, code: Secret[str], verifier: Secret[str]) -> Grant | Refusal:
        """Exchange a code and read the account; CODE_REFUSED or NETWORK_UNAVAILABLE when it cannot be."""
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": self._app.redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        try:
            tokens = await self._post("/2/oauth2/token", form)
            if tokens is None:
                return _code_refused()
            return await self._grant(tokens)
        except (NotAnsweredError, KeyError):
            return _unavailable()

    async def withdraw(self, token: Secret[str]) -> bool:
        """Withdraw our access; a token X no longer knows counts as withdrawn."""
        try:
            await self._post("/2/oauth2/revoke", {"token": token.reveal()})
        except NotAnsweredError:
            return False
        return True

    async def _grant(self, tokens: dict[str, Any]) -> Grant | Refusal:
        me = await self._get("/2/users/me?user.fields=protected", bearer=tokens["access_token"])
        if me is None:
            return _code_refused()
        user = me["data"]
        account = Account(
            network_user_id=NetworkUserId(user["id"]),
            handle=user["username"],
            protected=bool(user.get("protected", False)),
        )
        return Grant(account=account, token=Secret(tokens.get("refresh_token") or tokens["access_token"]))

    async def _post(self, path: str, form: dict[str, str]) -> dict[str, Any] | None:
        proof = encode_basic_auth(self._app.client_id, self._app.client_secret.reveal())
        return await self._call("POST", path, data=form, headers={"Authorization": proof})

    async def _get(self, path: str, *, bearer: str) -> dict[str, Any] | None:
        return await self._call("GET", path, headers={"Authorization": f"Bearer {bearer}"})

    async def _call(self, method: str, path: str, **given: Any) -> dict[str, Any] | None:
        """Give the answer's body; None when X says no for good, NotAnsweredError when it may say yes later."""
        timeout = ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._session.request(method, self._app.api_url + path, timeout=timeout, **given) as answer:
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise NotAnsweredError(f"X answered {answer.status}")
                body = await answer.json(content_type=None)
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    structlog.get_logger().info("x_refused", path=path.partition("?")[0], status=answer.status)
                    return None
                return body if isinstance(body, dict) else {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotAnsweredError("X did not answer") from error


def _code_refused() -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="CODE_REFUSED",
        message="The network did not accept its own code (it lives 30 seconds, once); start the link again.",
    )


def _unavailable() -> Refusal:
    return Refusal(
        kind=RefusalKind.BUSY,
        reason="NETWORK_UNAVAILABLE",
        message="The network did not answer; start the link again in a moment.",
    )
