"""Shared steps of every HTTP exchange: reading a body, JSON answers, problems as JSON, and withheld answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus

import orjson
from aiohttp import web

from sandbox.cardnet.errors import ErrorType, ProblemError, invalid
from sandbox.cardnet.fields import read_json
from sandbox.cardnet.operations import JSON_OPTIONS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)


def now() -> datetime:
    """Read the clock; the one place that does."""
    return datetime.now(UTC)


async def read_object(request: web.Request) -> dict[str, object]:
    """Read the body as a JSON object; an empty body is an empty object."""
    contents = read_json(await request.read())
    if not isinstance(contents, dict):
        raise invalid("invalid_type", "The body must be a JSON object.")
    return contents


def json_answer(value: object, *, status: int = HTTPStatus.OK) -> web.Response:
    """Answer with a value as JSON."""
    return json_bytes(orjson.dumps(value, option=JSON_OPTIONS), status=status)


def json_bytes(body: bytes, *, status: int = HTTPStatus.OK) -> web.Response:
    """Answer with JSON that is written already."""
    return web.Response(body=body, status=status, content_type="application/json")


async def withhold(request: web.Request, *, seconds: float) -> web.Response:
    """Leave the caller without an answer for a while, then hang up."""
    await asyncio.sleep(seconds)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@web.middleware
async def problems_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal, the server's own too, into the API's error JSON."""
    try:
        return await handler(request)
    except ProblemError as problem:
        return json_bytes(problem.body(), status=problem.status)
    except web.HTTPException as error:
        code = HTTPStatus(error.status).name.lower()
        refused = ProblemError(HTTPStatus(error.status), ErrorType.INVALID_REQUEST, code, error.reason)
        return json_bytes(refused.body(), status=error.status)
    except Exception:
        logger.exception("request_failed")
        bug = ProblemError(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            ErrorType.API,
            "internal_error",
            "The card network has a bug; see its log.",
        )
        return json_bytes(bug.body(), status=bug.status)
