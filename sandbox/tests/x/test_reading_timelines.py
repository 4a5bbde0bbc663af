"""Recent search, own posts and reposts, in pages and since a moment: what heals a gap."""

import pytest

from sandbox.x.client import XClient

SEARCH = "/2/tweets/search/recent"


async def _ids(x: XClient, token: str, path: str, **query: str) -> list[str]:
    answer = await x.call("GET", path, token=token, query=query)
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.body.get("data", [])]


async def test_search_finds_by_the_rule_language_but_no_reposts(x: XClient, app_token: str) -> None:
    tagged = await x.act("post", "mia_k", text="#BuyKindle")
    await x.act("post", "mia_k", text="nothing")
    await x.act("post", "quiet_anna", text="#BuyKindle")
    await x.act("repost", "jonas_b", post_id=tagged)

    assert await _ids(x, app_token, SEARCH, query="#BuyKindle OR from:quiet_anna") == [tagged]


async def test_search_gives_the_latest_version_only(x: XClient, app_token: str) -> None:
    first = await x.act("post", "mia_k", text="#BuyKindle")
    second = await x.act("edit", "mia_k", text="#BuyKindle please", post_id=first)

    assert await _ids(x, app_token, SEARCH, query="#BuyKindle") == [second]


async def test_pages_follow_each_other_and_stop_at_since_id(x: XClient, app_token: str) -> None:
    posts = [await x.act("post", "mia_k", text=f"#a {n}") for n in range(25)]
    query = {"query": "#a", "max_results": "10", "since_id": posts[2]}

    found: list[str] = []
    for _ in range(4):
        answer = await x.call("GET", SEARCH, token=app_token, query=query)
        found += [each["id"] for each in answer.body.get("data", [])]
        if "next_token" not in answer.body["meta"]:
            break
        query["next_token"] = answer.body["meta"]["next_token"]

    assert found == posts[3:][::-1]


async def test_start_time_bounds_like_since_id(x: XClient, app_token: str) -> None:
    await x.act("post", "mia_k", text="#a")

    assert await _ids(x, app_token, SEARCH, query="#a", start_time="2100-01-01T00:00:00Z") == []
    assert len(await _ids(x, app_token, SEARCH, query="#a", start_time="2020-01-01T00:00:00Z")) == 1


async def test_the_program_reads_its_own_replies_since_an_attempt(x: XClient) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")
    before = await x.act("reply", "AmexSync", text="one", post_id=asked)
    after = await x.act("reply", "AmexSync", text="two", post_id=asked)

    found = await _ids(x, "program-token", "/2/users/1000000001/tweets", since_id=before)

    assert found == [after]


async def test_a_protected_users_posts_are_for_themselves(x: XClient, app_token: str) -> None:
    post = await x.act("post", "quiet_anna", text="private")
    path = "/2/users/1000000106/tweets"

    assert (await x.call("GET", path, token=app_token)).status == 403
    assert await _ids(x, await x.user_token("quiet_anna"), path) == [post]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"query": "is:retweet"},
        {"query": "#a", "max_results": "5"},
        {"query": "#a", "since_id": "x"},
        {"query": "#a", "start_time": "yesterday"},
        {"query": "#a", "start_time": "2026-01-01T00:00:00"},
        {"query": "#a", "expansions": "everything"},
    ],
)
async def test_a_malformed_query_is_refused(x: XClient, app_token: str, query: dict[str, str]) -> None:
    assert (await x.call("GET", SEARCH, token=app_token, query=query)).status == 400


async def test_users_are_found_by_id_and_handle(x: XClient, app_token: str) -> None:
    by_id = await x.call("GET", "/2/users/1000000106", token=app_token, query={"user.fields": "protected"})
    by_name = await x.call("GET", "/2/users/by/username/QUIET_ANNA", token=app_token)
    nobody = await x.call("GET", "/2/users/77", token=app_token)
    nowhere = await x.call("GET", "/2/users/77/tweets", token=app_token)

    assert by_id.body["data"] == {
        "id": "1000000106",
        "name": "Anna Quist",
        "username": "quiet_anna",
        "protected": True,
    }
    assert by_name.body["data"]["id"] == "1000000106"
    assert (nobody.status, nobody.body["errors"][0]["type"].rsplit("/", 1)[-1]) == (200, "resource-not-found")
    assert nowhere.status == 404
