"""The edge of the server: faults, rate limits and problems, applied to every call of X's API."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from sandbox.x.bodies import problem_answer
from sandbox.x.faults import CallFault, Faults
from sandbox.x.problems import Problem, ProblemError
from sandbox.x.rate_limits import Allowance, RateLimits
from sandbox.x.tokens import Tokens

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ALLOWANCE = web.RequestKey("allowance", Allowance)

_READER_LEFT = 499
"""The answer to a reader that left while a stream wrote to it: nobody reads it, and nothing is wrong."""


class Edge:
    """Middleware and the hook that writes rate-limit headers, streams included."""

    def __init__(self, *, faults: Faults, limits: RateLimits, tokens: Tokens) -> None:
        self._faults = faults
        self._limits = limits
        self._tokens = tokens

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a call, or say no in X's words."""
        if not request.path.startswith(("/2/", "/oauth2/", "/i/")):
            return await self._told(request, handler)
        fault = self._faults.take_call(request.method, request.path)
        if fault is not None and fault.status is not None:
            return self._failed(request, fault.status)
        response = await self._limited(request, handler)
        if fault is not None:
            await _lose_answer(request, fault)
        return response

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Write what is left of the limit on the answer, before it starts."""
        if (allowance := request.get(ALLOWANCE)) is not None:
            response.headers.update(allowance.headers())

    async def _limited(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        allowance = self._spend(request)
        exceeded = allowance is not None and allowance.exceeded
        return _problem(HTTPStatus.TOO_MANY_REQUESTS) if exceeded else await self._told(request, handler)

    def _spend(self, request: web.Request) -> Allowance | None:
        allowance = self._limits.spend(_endpoint(request), self._tokens.payer_of(request))
        if allowance is not None:
            request[ALLOWANCE] = allowance
        return allowance

    async def _told(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ProblemError as error:
            return problem_answer(error.problem)
        except web.HTTPException as error:
            return _problem(error.status)
        except ConnectionResetError:
            return web.Response(status=_READER_LEFT)

    def _failed(self, request: web.Request, status: int) -> web.StreamResponse:
        """Fail a call as the fault says; only a 429 says that its limit is spent."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            request[ALLOWANCE] = self._limits.exhausted(_endpoint(request))
        else:
            self._spend(request)
        return _problem(status)


async def _lose_answer(request: web.Request, fault: CallFault) -> None:
    """Hold the answer back, then tear the connection if the fault says so: the call had its effect."""
    await asyncio.sleep(fault.delay_seconds)
    if fault.cut and request.transport is not None:
        request.transport.abort()


def _endpoint(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else request.path}"


def _problem(status: int) -> web.Response:
    title = HTTPStatus(status).phrase
    return problem_answer(Problem(status=status, title=title, detail=title))
