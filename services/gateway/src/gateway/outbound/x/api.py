"""The X API: one authorised request with its bounds, answered by JSON or a failure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.shapes import Fields, string_at
from gateway.outbound.x.problems import body_of, failure_of
from gateway.usecases.network import NetworkFailedError
from kernel.secret import Secret

USER_AGENT = "hashtill-gateway/0.1"
"""X asks clients to name themselves with a version."""

CALL_SECONDS = 20.0
"""A request that is no stream answers in well under a second; beyond this it is lost."""

CONNECT_SECONDS = 10.0

ANSWER_BYTES_MAX = 8 * 1024 * 1024
"""100 posts with expansions are under 2 MB, 1,000 rules of 1,024 characters as well."""

OK_BELOW = 300
UNAUTHORIZED = 401

CONNECTION_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises when the network, not the answer, is at fault."""


@dataclass(slots=True, kw_only=True)
class XApi:
    """Where X answers, and the app's key and secret, for which X gives an app-only bearer."""

    session: aiohttp.ClientSession
    base_url: str
    app_key: str
    app_secret: Secret[str]
    _bearer: Secret[str] | None = None

    async def headers(self) -> dict[str, str]:
        """Give the headers of a request; asks for the bearer first if there is none. Raises NetworkFailedError."""
        if self._bearer is None:
            self._bearer = await self._new_bearer()
        return {"Authorization": f"Bearer {self._bearer.reveal()}", "User-Agent": USER_AGENT}

    def forget_bearer(self, status: int) -> None:
        """Ask for a new bearer next time if X no longer takes this one."""
        if status == UNAUTHORIZED:
            self._bearer = None

    def url(self, path: str) -> str:
        """Give the whole address of a path such as `/2/tweets/search/recent`."""
        return self.base_url.rstrip("/") + path

    async def call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Mapping[str, Any] | None = None
    ) -> Fields:
        """Ask once and give the answer's JSON object; raises NetworkFailedError for everything else."""
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self.session.request(
                method, self.url(path), params=params, json=json, headers=await self.headers(), timeout=timeout
            ) as answer:
                self.forget_bearer(answer.status)
                return await fields_of(answer)
        except CONNECTION_ERRORS as error:
            raise NetworkFailedError(lost(error)) from error

    async def _new_bearer(self) -> Secret[str]:
        """Exchange key and secret for the bearer (OAuth 2 client credentials), which lives until it is revoked."""
        login = aiohttp.encode_basic_auth(quote(self.app_key, safe=""), quote(self.app_secret.reveal(), safe=""))
        try:
            async with self.session.post(
                self.url("/oauth2/token"),
                data={"grant_type": "client_credentials"},
                headers={"Authorization": login, "User-Agent": USER_AGENT},
                timeout=aiohttp.ClientTimeout(total=CALL_SECONDS),
            ) as answer:
                token = string_at(await fields_of(answer), "access_token")
        except CONNECTION_ERRORS as error:
            raise NetworkFailedError(lost(error)) from error
        if not token:
            raise NetworkFailedError(Failure(kind=FailureKind.HTTP, detail="X gave no bearer"))
        return Secret(token)


async def fields_of(answer: aiohttp.ClientResponse) -> Fields:
    """Read an answer to its end, bounded; raises NetworkFailedError unless it is a good JSON object."""
    body = body_of(await _bounded(answer))
    if answer.status >= OK_BELOW:
        raise NetworkFailedError(failure_of(answer.status, answer.headers, body))
    if not isinstance(body, dict):
        raise NetworkFailedError(Failure(kind=FailureKind.HTTP, detail=f"{answer.status} without a JSON object"))
    return body


def lost(error: Exception) -> Failure:
    """Describe a broken connection."""
    return Failure(kind=FailureKind.NETWORK, detail=f"{type(error).__name__} {error}".strip())


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    gathered = bytearray()
    async for chunk in answer.content.iter_any():
        gathered += chunk
        if len(gathered) > ANSWER_BYTES_MAX:
            raise NetworkFailedError(Failure(kind=FailureKind.HTTP, detail="the answer is too long"))
    return bytes(gathered)
