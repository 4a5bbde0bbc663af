"""A tiny X that answers as told, for wire faults."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from gateway.outbound.x.api import XApi
from kernel.secret import Secret

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def x_api(*routes: tuple[str, str, Answer]) -> AsyncIterator[XApi]:
    """Answer these routes, and give any app a bearer."""
    app = web.Application()
    app.add_routes([web.route(method, path, answer) for method, path, answer in (*routes, _BEARER)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        yield XApi(session=session, base_url=f"http://127.0.0.1:{port}/", app_key="key", app_secret=Secret("s"))
    await runner.cleanup()


async def _give_bearer(_request: web.Request) -> web.Response:
    return web.json_response({"token_type": "bearer", "access_token": "app"})


_BEARER: tuple[str, str, Answer] = ("POST", "/oauth2/token", _give_bearer)


def json(status: int = 200, body: Any = None, **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=orjson.dumps(body), headers=named)

    return answer


def chunks(*parts: bytes, then_silent: bool = False) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0.01)
        if then_silent:
            await asyncio.Event().wait()
        return response

    return answer
