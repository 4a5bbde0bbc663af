"""Connections over HTTP: what is open, and ending what is stuck."""

from collections.abc import Sequence

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from sandbox.x.bodies import body_of, json_answer
from sandbox.x.connection import Connection
from sandbox.x.connections import Connections
from sandbox.x.faults import Endpoint
from sandbox.x.problems import invalid_request
from sandbox.x.tokens import Tokens


class Doomed(BaseModel):
    """Connections to end."""

    model_config = ConfigDict(extra="forbid")

    uuids: list[str]


class ConnectionRoutes:
    """`/2/connections`."""

    def __init__(self, *, connections: Connections, tokens: Tokens) -> None:
        self._connections = connections
        self._tokens = tokens

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses."""
        return [
            web.get("/2/connections", self._list),
            web.delete("/2/connections", self._end_named),
            web.delete("/2/connections/all", self._end_all),
            web.delete("/2/connections/{endpoint_id}", self._end_endpoint),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        status = request.query.get("status", "active")
        found = [
            past.as_json()
            for past in self._connections.history()
            if status == "all" or (past.closed_unix_ms is None) == (status == "active")
        ]
        meta = {"result_count": len(found)}
        return json_answer({"data": found, "meta": meta} if found else {"meta": meta})

    async def _end_all(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        return self._end(self._connections.all(), absent=[])

    async def _end_endpoint(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        asked = request.match_info["endpoint_id"]
        if asked not in set(Endpoint):
            raise invalid_request(f"[{asked}] is no endpoint; known are {sorted(Endpoint)}")
        return self._end(self._connections.at(Endpoint(asked)), absent=[])

    async def _end_named(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        asked = (await body_of(request, Doomed)).uuids
        found = [connection for each in asked if (connection := self._connections.with_id(each))]
        known = {connection.id for connection in found}
        return self._end(found, absent=[each for each in asked if each not in known])

    def _end(self, doomed: Sequence[Connection], *, absent: Sequence[str]) -> web.Response:
        self._connections.end_by_force(doomed)
        results: list[dict[str, object]] = [{"uuid": each.id, "success": True} for each in doomed]
        results += [{"uuid": each, "success": False, "error_message": "not open"} for each in absent]
        data = {"successful_kills": len(doomed), "failed_kills": len(absent), "results": results}
        return json_answer({"data": data})
