"""X's calls on the wire: pages, rules, subscriptions, and what every refusal turns into."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from services.gateway.tests.frames import MIA, NOW, id_at
from services.gateway.tests.x_wire import Answer, chunks, json, x_api

from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.rules import ExistingRule, Rule
from gateway.domain.subscriptions import Subscription
from gateway.outbound.x.accounts import XAccounts
from gateway.outbound.x.api import ANSWER_BYTES_MAX
from gateway.outbound.x.archive import XArchive
from gateway.outbound.x.rule_book import XRuleBook
from gateway.outbound.x.subscriptions import XSubscriptions
from gateway.usecases.network import NetworkFailedError
from kernel.ids import NetworkUserId, PostId

MADE = Subscription(event_type="post.create", user_id=NetworkUserId(MIA))


async def call_failure(answer: Answer) -> Failure:
    async with x_api(("GET", "/2/tweets/search/stream/rules", answer)) as api:
        with pytest.raises(NetworkFailedError) as failed:
            await XRuleBook(api=api).list_rules()
    return failed.value.failure


async def test_every_other_refusal_is_an_http_failure_with_its_words() -> None:
    refused = await call_failure(json(503, {"title": "Service Unavailable", "detail": "later", "type": "about:blank"}))

    assert (refused.kind, refused.detail) == (FailureKind.HTTP, "503 about:blank later")


@pytest.mark.parametrize("body", [[1], None, "x"])
async def test_a_good_answer_without_an_object_is_a_failure(body: object) -> None:
    assert (await call_failure(json(200, body))).kind is FailureKind.HTTP


async def test_an_answer_without_end_is_cut_off() -> None:
    failure = await call_failure(chunks(*[b"x" * (ANSWER_BYTES_MAX // 4)] * 6))

    assert failure.detail == "the answer is too long"


async def test_an_x_that_is_not_there_is_a_network_failure() -> None:
    async with x_api() as api:
        api.base_url = "http://127.0.0.1:9"

        with pytest.raises(NetworkFailedError) as failed:
            await XAccounts(api=api).user_id_of("AmexSync")
    assert failed.value.failure.kind is FailureKind.NETWORK


async def test_a_bearer_x_no_longer_takes_is_asked_for_anew() -> None:
    asked: list[str] = []

    async def user(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.Response(status=401) if len(asked) == 1 else web.json_response({"data": {"id": "900"}})

    async with x_api(("GET", "/2/users/by/username/AmexSync", user)) as api:
        with pytest.raises(NetworkFailedError):
            await XAccounts(api=api).user_id_of("AmexSync")
        forgotten = api._bearer

        assert await XAccounts(api=api).user_id_of("AmexSync") == "900"
    assert (forgotten, asked) == (None, ["Bearer app", "Bearer app"])


async def test_a_name_x_does_not_know_is_a_failure() -> None:
    async with x_api(("GET", "/2/users/by/username/nobody", json(200, {"errors": []}))) as api:
        with pytest.raises(NetworkFailedError, match="knows no @nobody"):
            await XAccounts(api=api).user_id_of("nobody")


async def test_a_search_follows_its_pages_and_gives_frames_with_their_includes() -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        more = {"next_token": "p2"} if len(asked) == 1 else {}
        return web.json_response({"data": [{"id": str(len(asked))}], "includes": {"users": []}, "meta": more})

    async with x_api(("GET", "/2/tweets/search/recent", answer)) as api:
        pages = [page async for page in XArchive(api=api).search("#a", since=NOW)]

    assert pages == [[{"data": {"id": number}, "includes": {"users": []}}] for number in ("1", "2")]
    assert (asked[0]["start_time"], asked[1]["next_token"]) == ("2026-11-23T12:00:00Z", "p2")


async def test_reposts_are_listed_back_to_the_gap_and_no_further() -> None:
    page = {"data": [{"id": id_at(10)}, {"id": id_at(-10)}], "meta": {"next_token": "more"}}
    async with x_api(("GET", "/2/tweets/7/retweets", json(200, page))) as api:
        pages = [found async for found in XArchive(api=api).reposts_of(PostId("7"), since=NOW)]

    assert len(pages) == 1


async def test_a_prompt_that_is_gone_has_no_reposts_and_other_refusals_are_failures() -> None:
    path = "/2/tweets/{id}/retweets"

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({}, status=404 if request.match_info["id"] == "7" else 500)

    async with x_api(("GET", path, answer)) as api:
        gone = [found async for found in XArchive(api=api).reposts_of(PostId("7"), since=NOW)]
        with pytest.raises(NetworkFailedError, match="500"):
            _ = [found async for found in XArchive(api=api).reposts_of(PostId("8"), since=NOW)]

    assert gone == []


async def test_rules_are_listed_added_in_hundreds_and_deleted() -> None:
    bodies: list[Any] = []

    async def change(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        problems = [{"type": "https://api.x.com/2/problems/duplicate-rules"}, {"type": "x/invalid-rules"}]
        return web.json_response({"errors": problems if "add" in bodies[-1] else []}, status=201)

    path = "/2/tweets/search/stream/rules"
    listed = json(200, {"data": [{"id": "1", "value": "#a", "tag": "t"}]})
    async with x_api(("GET", path, listed), ("POST", path, change)) as api:
        book = XRuleBook(api=api)
        found = await book.list_rules()
        refused = await book.add_rules([Rule(value=f"#{n}", tag="t") for n in range(150)])
        await book.delete_rules(["1"])

    assert found == [ExistingRule(rule_id="1", value="#a", tag="t")]
    assert (refused, [len(body.get("add", [])) for body in bodies]) == (2, [100, 50, 0])
    assert bodies[-1] == {"delete": {"ids": ["1"]}}


async def test_subscriptions_are_listed_page_by_page() -> None:
    pages = iter(["token", ""])

    async def answer(_request: web.Request) -> web.Response:
        one = {"subscription_id": "5", "event_type": "post.create", "filter": {"user_id": MIA}}
        return web.json_response({"data": [one], "meta": {"next_token": next(pages)}})

    async with x_api(("GET", "/2/activity/subscriptions", answer)) as api:
        found = await XSubscriptions(api=api).list_subscriptions()

    assert [(each.subscription_id, each.subscription) for each in found] == [("5", MADE), ("5", MADE)]


async def test_a_subscription_that_exists_is_as_good_as_made_and_one_that_is_gone_as_deleted() -> None:
    path = "/2/activity/subscriptions"
    routes = (("POST", path, json(409, {"title": "DuplicateSubscription"})), ("DELETE", path + "/5", json(404, {})))
    async with x_api(*routes) as api:
        made = await XSubscriptions(api=api).subscribe(MADE)
        await XSubscriptions(api=api).unsubscribe("5")

    assert made.subscription == MADE


@pytest.mark.parametrize("status", [400, 404])
async def test_a_subscription_refused_for_its_account_is_said_to_be(status: int) -> None:
    async with x_api(("POST", "/2/activity/subscriptions", json(status, {}))) as api:
        made = await XSubscriptions(api=api).subscribe(MADE)

    assert (made.subscription, made.subscription_id, made.refused) == (MADE, "", True)


async def test_other_refusals_of_subscriptions_are_failures() -> None:
    path = "/2/activity/subscriptions"
    async with x_api(("POST", path, json(403, {})), ("DELETE", path + "/5", json(500, {}))) as api:
        with pytest.raises(NetworkFailedError, match="403"):
            await XSubscriptions(api=api).subscribe(MADE)
        with pytest.raises(NetworkFailedError, match="500"):
            await XSubscriptions(api=api).unsubscribe("5")


async def test_an_unbroken_page_chain_ends_at_the_bound() -> None:
    asked: list[int] = []

    async def answer(_request: web.Request) -> web.Response:
        asked.append(1)
        return web.json_response({"data": [], "meta": {"next_token": "again"}})

    async with x_api(("GET", "/2/tweets/search/recent", answer)) as api:
        _ = [page async for page in XArchive(api=api).search("#a", since=NOW - timedelta(hours=1))]

    assert len(asked) == 200
