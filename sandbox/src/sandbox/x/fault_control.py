"""Setting faults: `POST /sandbox/faults` with one fault, `DELETE` to make everything right again."""

import asyncio
from dataclasses import replace
from functools import partial

from aiohttp import web

from sandbox.x.bodies import body_of, json_answer
from sandbox.x.connection import LINE_END, Ending, disconnect_frame
from sandbox.x.connections import Connections
from sandbox.x.control_requests import (
    Delay,
    Drop,
    Duplicate,
    ErrorFrame,
    FailCalls,
    Fault,
    GarbageFrame,
    LoseAnswers,
    LosePosts,
    NewFault,
    Refuse,
    Reorder,
    Stall,
    StreamFault,
)
from sandbox.x.faults import CallFault, Endpoint, Faults
from sandbox.x.world import World


class FaultControl:
    """`/sandbox/faults`."""

    def __init__(self, *, world: World, faults: Faults, connections: Connections) -> None:
        self._world = world
        self._faults = faults
        self._connections = connections

    def routes(self) -> list[web.RouteDef]:
        """Give both addresses."""
        return [web.post("/sandbox/faults", self._set), web.delete("/sandbox/faults", self._clear)]

    async def _set(self, request: web.Request) -> web.Response:
        wanted = (await body_of(request, NewFault)).root
        self._apply(wanted)
        return json_answer({"set": wanted.kind})

    async def _clear(self, _request: web.Request) -> web.Response:
        self._faults.reset()
        return json_answer({"set": "none"})

    def _apply(self, wanted: Fault) -> None:
        match wanted:
            case LosePosts(count=count, author=author):
                author_id = None if author is None else self._world.users.known(author).id
                self._faults.lose_posts(count, author_id=author_id)
            case FailCalls(count=count, status=status, method=method, path=path):
                self._faults.add_call(CallFault(count=count, method=method, path=path, status=status))
            case LoseAnswers(count=count, method=method, path=path, delay_milliseconds=delay, cut=cut):
                self._faults.add_call(
                    CallFault(count=count, method=method, path=path, delay_seconds=delay / 1000, cut=cut)
                )
            case _:
                self._apply_to_streams(wanted)

    def _apply_to_streams(self, wanted: StreamFault) -> None:
        match wanted:
            case Refuse(seconds=seconds):
                until = asyncio.get_running_loop().time() + seconds
                change = partial(replace, refused_until=until)
            case Duplicate(times=times):
                change = partial(replace, copies=times)
            case Delay(milliseconds=milliseconds):
                change = partial(replace, delay_seconds=milliseconds / 1000)
            case Reorder(window_milliseconds=window):
                change = partial(replace, reorder_window_seconds=window / 1000)
            case Drop() | Stall() | ErrorFrame() | GarbageFrame():
                for endpoint in wanted.endpoints:
                    self._apply_now(wanted, endpoint)
                return
        self._faults.change_streams(wanted.endpoints, change)

    def _apply_now(self, wanted: Drop | Stall | ErrorFrame | GarbageFrame, endpoint: Endpoint) -> None:
        connections = self._connections.at(endpoint)
        match wanted:
            case Drop(clean=clean):
                self._connections.end(connections, Ending(torn=not clean))
            case ErrorFrame(disconnect_type=disconnect_type):
                frame = disconnect_frame(disconnect_type, "This stream has been disconnected for operational reasons.")
                self._connections.end(connections, Ending(frame=frame))
            case Stall(seconds=seconds):
                for connection in connections:
                    connection.stall(seconds)
            case GarbageFrame(text=text):
                for connection in connections:
                    connection.offer(text.encode() + LINE_END)
