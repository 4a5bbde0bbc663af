"""Users over HTTP: who a token belongs to, and look-ups by id and by handle."""

from aiohttp import web

from sandbox.x.bodies import id_in_path, json_answer
from sandbox.x.fields import fields_of
from sandbox.x.problems import missing
from sandbox.x.tokens import Tokens
from sandbox.x.users import User
from sandbox.x.world import World
from sandbox.x.writing import user_json


class UserRoutes:
    """`/2/users/…`."""

    def __init__(self, *, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses; `me` stands before the ids."""
        return [
            web.get("/2/users/me", self._me),
            web.get("/2/users/by/username/{username}", self._named),
            web.get("/2/users/{id}", self._one),
        ]

    async def _me(self, request: web.Request) -> web.Response:
        user = self._tokens.user_of(request, "users.read", "tweet.read")
        return json_answer({"data": user_json(user, fields_of(request.query))})

    async def _named(self, request: web.Request) -> web.Response:
        self._tokens.reader_of(request)
        username = request.match_info["username"]
        return _answer(request, self._world.users.named(username), asked=username)

    async def _one(self, request: web.Request) -> web.Response:
        self._tokens.reader_of(request)
        user_id = id_in_path(request, "id")
        return _answer(request, self._world.users.get(user_id), asked=str(user_id))


def _answer(request: web.Request, user: User | None, *, asked: str) -> web.Response:
    """Nobody there is X's status 200 with `errors` and no `data`."""
    if user is None:
        return json_answer({"errors": [missing("user", asked).as_json()]})
    return json_answer({"data": user_json(user, fields_of(request.query))})
