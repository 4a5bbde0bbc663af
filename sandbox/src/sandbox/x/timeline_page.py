"""The timeline page: a person posts as any sample user and sees threads grow, live, with the countdown of a prompt."""

import asyncio
from itertools import islice

import orjson
from aiohttp import web
from pydantic import ValidationError

from sandbox.x.acting import act
from sandbox.x.bodies import form_of
from sandbox.x.control_requests import Action
from sandbox.x.pages import Pages
from sandbox.x.problems import ProblemError
from sandbox.x.prompts import conversations_answered_by
from sandbox.x.settings import Settings
from sandbox.x.threads import newest_threads, shown_user, thread_of
from sandbox.x.world import World
from sandbox.x.world_events import PostPublished, PostRemoved, WorldEvent

PEOPLE_MAX = 14
THREADS_MAX = 40
"""Threads on the page, and changed ones a viewer may fall behind by: of more, the latest changes are shown."""

TICK_SECONDS = 0.15
"""Changes are gathered for this long, so that a load test cannot drown a browser."""

VIEWERS_MAX = 50


class Viewer:
    """One open page: the conversations that changed since it was last told."""

    def __init__(self) -> None:
        self.changed: dict[int, None] = {}
        self.woken = asyncio.Event()

    def put(self, conversation_id: int) -> None:
        """Note a change; only that it happened counts."""
        self.changed.pop(conversation_id, None)
        self.changed[conversation_id] = None
        if len(self.changed) > THREADS_MAX:
            del self.changed[next(iter(self.changed))]
        self.woken.set()


class TimelinePage:
    """`/` and what its script calls."""

    def __init__(self, settings: Settings, *, world: World, pages: Pages) -> None:
        self._settings = settings
        self._world = world
        self._pages = pages
        self._viewers: dict[Viewer, None] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses of the page, its form and its events."""
        return [
            web.get("/", self._show),
            web.post("/timeline/actions", self._act),
            web.get("/timeline/events", self._events),
        ]

    def tell(self, event: WorldEvent) -> None:
        """Note which conversations an event changed: its own, and that of a prompt it answers from elsewhere."""
        if not self._viewers or not isinstance(event, PostPublished | PostRemoved):
            return
        changed = {event.post.conversation_id, *conversations_answered_by(event.post, self._world)}
        for viewer in self._viewers:
            for conversation_id in changed:
                viewer.put(conversation_id)

    async def _show(self, request: web.Request) -> web.Response:
        people = list(islice(self._world.users, PEOPLE_MAX))
        named = self._world.users.find(request.query.get("as", ""))
        chosen = named or people[min(1, len(people) - 1)]
        return self._pages.answer(
            "timeline.html",
            people=[shown_user(user) for user in dict.fromkeys([*people, chosen])],
            chosen=shown_user(chosen),
            threads=newest_threads(self._world, settings=self._settings, count_max=THREADS_MAX),
        )

    async def _act(self, request: web.Request) -> web.Response:
        """Do what a button asks; without the script the browser comes back to the page."""
        form = await form_of(request)
        try:
            act(Action.model_validate(form), world=self._world)
        except ProblemError as error:
            return web.json_response({"error": _sentence(error)}, status=400)
        except ValidationError:
            return web.json_response({"error": "The form lacks a field: load the page again."}, status=400)
        if request.headers.get("Accept") == "application/json":
            return web.json_response({"done": True})
        return web.Response(status=303, headers={"Location": f"/?as={form['user']}"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if len(self._viewers) >= VIEWERS_MAX:
            return web.Response(status=503, text="Too many pages are open: close one.")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        viewer = Viewer()
        self._viewers[viewer] = None
        try:
            await response.write(b"retry: 1000\n\n")
            while True:
                await response.write(await self._next_events(viewer))
        finally:
            del self._viewers[viewer]

    async def _next_events(self, viewer: Viewer) -> bytes:
        await viewer.woken.wait()
        await asyncio.sleep(TICK_SECONDS)
        viewer.woken.clear()
        changed, viewer.changed = viewer.changed, {}
        return b"".join(self._event(conversation_id) for conversation_id in changed)

    def _event(self, conversation_id: int) -> bytes:
        thread = thread_of(conversation_id, self._world, settings=self._settings)
        html = self._pages.render("thread.html", thread=thread) if thread else ""
        return b"data: " + orjson.dumps({"conversation": str(conversation_id), "html": html}) + b"\n\n"


def _sentence(error: ProblemError) -> str:
    facts = error.problem.facts.get("errors")
    return str(facts[0]["message"]) if isinstance(facts, list) else error.problem.detail
