"""Lines of JSON from a stream that never ends, many at a time."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson


async def json_lines(http: aiohttp.ClientSession, url: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Read a watch stream: every turn gives the lines that have come."""
    rest = b""
    async with http.get(url, timeout=aiohttp.ClientTimeout(total=None)) as answer:
        async for chunk in answer.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            yield [orjson.loads(line) for line in lines if line.strip()]
