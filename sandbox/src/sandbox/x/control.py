"""The control API, `/sandbox/*`: people and what they do, for tests, demos and load generators; no part of X."""

from aiohttp import web

from sandbox.x.acting import act
from sandbox.x.bodies import body_of, id_of, json_answer
from sandbox.x.control_requests import Action, Actions, NewToken, NewUser, NewUsers, Revocation, UserChange
from sandbox.x.faults import Faults
from sandbox.x.problems import ProblemError
from sandbox.x.rate_limits import RateLimits
from sandbox.x.settings import Settings
from sandbox.x.tokens import Tokens
from sandbox.x.users import User
from sandbox.x.world import World


class Control:
    """Everything under `/sandbox/` but faults and watching."""

    def __init__(self, settings: Settings, *, world: World, tokens: Tokens, faults: Faults, limits: RateLimits) -> None:
        self._settings = settings
        self._world = world
        self._tokens = tokens
        self._faults = faults
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses."""
        return [
            web.get("/sandbox/state", self._state),
            web.post("/sandbox/users", self._create_users),
            web.get("/sandbox/users/{user}", self._user),
            web.patch("/sandbox/users/{user}", self._change_user),
            web.post("/sandbox/actions", self._act),
            web.post("/sandbox/tokens", self._token),
            web.post("/sandbox/revocations", self._revoke),
            web.post("/sandbox/reset", self._reset),
        ]

    async def _state(self, _request: web.Request) -> web.Response:
        program = self._world.program
        counts = {"users": len(self._world.users), "posts": len(self._world.posts)}
        return json_answer({"program": _written(program), "tier": self._settings.tier, **counts})

    async def _create_users(self, request: web.Request) -> web.Response:
        wanted = await body_of(request, NewUsers)
        made = [self._world.users.add(self._new(each)) for each in wanted.users]
        return json_answer({"users": [_written(user) for user in made]}, status=201)

    def _new(self, wanted: NewUser) -> User:
        user_id = self._world.ids.next() if wanted.id is None else id_of(wanted.id)
        name = wanted.username if wanted.name is None else wanted.name
        return User(id=user_id, username=wanted.username, name=name, protected=wanted.protected)

    async def _user(self, request: web.Request) -> web.Response:
        return json_answer(_written(self._world.users.known(request.match_info["user"])))

    async def _change_user(self, request: web.Request) -> web.Response:
        user = self._world.users.known(request.match_info["user"])
        change = await body_of(request, UserChange)
        changed = self._world.change_user(user, username=change.username, name=change.name, protected=change.protected)
        return json_answer(_written(changed))

    async def _act(self, request: web.Request) -> web.Response:
        """Do all actions; a refused one is told in its place and does not stop the others."""
        wanted = await body_of(request, Actions)
        return json_answer({"results": [self._outcome(action) for action in wanted.actions]})

    def _outcome(self, action: Action) -> dict[str, object]:
        try:
            post = act(action, world=self._world)
        except ProblemError as error:
            return {"error": error.problem.as_json()}
        return {"id": None if post is None else str(post.id)}

    async def _token(self, request: web.Request) -> web.Response:
        wanted = await body_of(request, NewToken)
        user = self._world.users.known(wanted.user)
        return json_answer(self._tokens.issue(user.id, frozenset(wanted.scopes)))

    async def _revoke(self, request: web.Request) -> web.Response:
        user = self._world.users.known((await body_of(request, Revocation)).user)
        self._tokens.revoke_all_of(user.id)
        self._world.revoke_access(user, app_id=self._settings.client_id)
        return json_answer({"revoked": True})

    async def _reset(self, _request: web.Request) -> web.Response:
        """Begin again: seed users, no posts, no faults, no spent limits; rules, subscriptions and tokens stay."""
        self._world.reset()
        self._faults.reset()
        self._limits.reset()
        return json_answer({"reset": True})


def _written(user: User) -> dict[str, object]:
    return {"id": str(user.id), "username": user.username, "name": user.name, "protected": user.protected}
