"""Assets: the pages' own style, script and mark, read once; a name that changes with the contents lets them be kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from aiohttp import web

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "pages.css": "text/css",
        "live.js": "text/javascript",
        "mark.svg": "image/svg+xml",
    }
)
"""Every asset there is, and its type."""

KEEP = "public, max-age=31536000, immutable"
"""A year: an address never gets other contents."""

DIGEST_CHARACTERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served."""

    body: bytes
    content_type: str
    address: str


class Assets:
    """Serves them."""

    def __init__(self) -> None:
        folder = files("gateway.inbound.pages").joinpath("static")
        self._by_name = {name: _asset(name, folder.joinpath(name).read_bytes()) for name in TYPES}

    def address(self, name: str) -> str:
        """Give the address a template writes."""
        return self._by_name[name].address

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses."""
        return [web.get("/static/{name}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        asset = self._by_name.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        return web.Response(
            body=asset.body, content_type=asset.content_type, charset="utf-8", headers={"Cache-Control": KEEP}
        )


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:DIGEST_CHARACTERS]
    return Asset(body=body, content_type=TYPES[name], address=f"/static/{name}?v={digest}")
