"""Activity subscriptions over HTTP: create, list in pages, re-tag, delete one or several."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from sandbox.x.bodies import body_of, id_of, json_answer
from sandbox.x.problems import ProblemError, invalid_request, missing
from sandbox.x.query import whole_number
from sandbox.x.subscriptions import Subscription, Subscriptions
from sandbox.x.tokens import Tokens
from sandbox.x.world import World

PAGE_MAX = 1_000


class Filter(BaseModel):
    """Whose events."""

    model_config = ConfigDict(extra="forbid")

    user_id: str


class NewSubscription(BaseModel):
    """What to listen to."""

    model_config = ConfigDict(extra="forbid")

    event_type: str
    filter: Filter
    tag: str | None = None


class ChangedSubscription(BaseModel):
    """A new tag."""

    model_config = ConfigDict(extra="forbid")

    tag: str | None = None


class SubscriptionRoutes:
    """`/2/activity/subscriptions`."""

    def __init__(self, *, subscriptions: Subscriptions, tokens: Tokens, world: World) -> None:
        self._subscriptions = subscriptions
        self._tokens = tokens
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses."""
        path = "/2/activity/subscriptions"
        return [
            web.post(path, self._create),
            web.get(path, self._list),
            web.delete(path, self._delete_several),
            web.put(path + "/{subscription_id}", self._change),
            web.delete(path + "/{subscription_id}", self._delete),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        wanted = await body_of(request, NewSubscription)
        user = self._world.users.get(id_of(wanted.filter.user_id))
        if user is None:
            raise invalid_request(f"filter.user_id {wanted.filter.user_id!r} is nobody's id")
        made = self._subscriptions.add(wanted.event_type, user.id, wanted.tag)
        return json_answer({"data": {"subscription": made.as_json()}, "meta": self._meta()})

    async def _list(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        count_max = whole_number(request.query, "max_results", default=PAGE_MAX, least=1, most=PAGE_MAX)
        after = whole_number(request.query, "pagination_token", default=0, least=0, most=2**63)
        found = self._subscriptions.page(after_id=after, count_max=count_max)
        more = {"next_token": str(found[-1].id)} if len(found) == count_max else {}
        meta = {**self._meta(), "result_count": len(found), **more}
        return json_answer({"data": [each.as_json() for each in found], "meta": meta})

    async def _change(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        subscription = self._required(request.match_info["subscription_id"])
        wanted = await body_of(request, ChangedSubscription)
        changed = self._subscriptions.tagged(subscription, wanted.tag)
        return json_answer({"data": {"subscription": changed.as_json()}, "meta": self._meta()})

    async def _delete(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        self._subscriptions.remove(self._required(request.match_info["subscription_id"]))
        return json_answer({"data": {"deleted": True}, "meta": self._meta()})

    async def _delete_several(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        asked = [each for each in request.query.get("ids", "").split(",") if each]
        found = [each for wanted in asked if (each := self._subscriptions.get(wanted))]
        for subscription in found:
            self._subscriptions.remove(subscription)
        data = [{"subscription_id": str(each.id), "deleted": True} for each in found]
        return json_answer({"data": data, "meta": self._meta()})

    def _required(self, subscription_id: str) -> Subscription:
        if (found := self._subscriptions.get(subscription_id)) is None:
            raise ProblemError(missing("subscription", subscription_id))
        return found

    def _meta(self) -> dict[str, object]:
        return {"total_subscriptions": len(self._subscriptions)}
