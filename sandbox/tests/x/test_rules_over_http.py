"""Adding, listing and deleting rules as X's API does."""

from collections.abc import Awaitable, Callable

from sandbox.x.client import Answer, XClient
from sandbox.x.settings import Tier

PATH = "/2/tweets/search/stream/rules"


async def _add(x: XClient, token: str, *values: str, **query: str) -> Answer:
    return await x.call("POST", PATH, token=token, query=query, json={"add": [{"value": v, "tag": v} for v in values]})


async def test_rules_are_added_listed_and_deleted_by_id_or_value(x: XClient, app_token: str) -> None:
    added = await _add(x, app_token, "#a", "#b", "#c")
    first = added.body["data"][0]["id"]

    by_id = await x.call("POST", PATH, token=app_token, json={"delete": {"ids": [first]}})
    by_value = await x.call("POST", PATH, token=app_token, json={"delete": {"values": ["#b", "#never"]}})

    listed = await x.call("GET", PATH, token=app_token)
    assert added.status == 201
    assert added.body["meta"]["summary"] == {"created": 3, "not_created": 0, "valid": 3, "invalid": 0}
    assert by_id.body["meta"]["summary"] == {"deleted": 1, "not_deleted": 0}
    assert by_value.body["meta"]["summary"] == {"deleted": 1, "not_deleted": 1}
    assert [(rule["value"], rule["tag"]) for rule in listed.body["data"]] == [("#c", "#c")]


async def test_some_rules_may_succeed_beside_duplicates_and_nonsense(x: XClient, app_token: str) -> None:
    await _add(x, app_token, "#a")

    answer = await _add(x, app_token, "#a", "is:retweet", "#new")

    assert answer.status == 201
    assert answer.body["meta"]["summary"] == {"created": 1, "not_created": 2, "valid": 1, "invalid": 2}
    assert [error["type"].rsplit("/", 1)[-1] for error in answer.body["errors"]] == ["duplicate-rules", "invalid-rules"]


async def test_rules_that_all_exist_already_are_no_error_of_the_call(x: XClient, app_token: str) -> None:
    await _add(x, app_token, "#a")

    answer = await _add(x, app_token, "#a")

    assert answer.status == 201
    assert "data" not in answer.body
    assert answer.body["errors"][0]["id"].isdecimal()


async def test_a_dry_run_changes_nothing(x: XClient, app_token: str) -> None:
    await _add(x, app_token, "#a")

    added = await _add(x, app_token, "#b", dry_run="true")
    deleted = await x.call(
        "POST", PATH, token=app_token, query={"dry_run": "true"}, json={"delete": {"values": ["#a"]}}
    )

    listed = await x.call("GET", PATH, token=app_token)
    assert added.body["meta"]["summary"]["created"] == 1
    assert deleted.body["meta"]["summary"]["deleted"] == 1
    assert [rule["value"] for rule in listed.body["data"]] == ["#a"]


async def test_all_rules_go_at_once(x: XClient, app_token: str) -> None:
    await _add(x, app_token, "#a", "#b")

    await x.call("POST", PATH, token=app_token, query={"delete_all": "true"})

    assert "data" not in (await x.call("GET", PATH, token=app_token)).body


async def test_a_change_that_fits_no_schema_is_refused(x: XClient, app_token: str) -> None:
    bodies: list[object] = [{}, {"add": [], "delete": {"ids": []}}, {"add": [{"valeu": "#a"}]}, {"delete": {}}, [1]]
    for body in bodies:
        assert (await x.call("POST", PATH, token=app_token, json=body)).status == 400


async def test_caps_hold_by_tier(start_x: Callable[..., Awaitable[XClient]]) -> None:
    x = await start_x(tier=Tier.SELF_SERVE)
    token = await x.app_token("hashtill", "s3cret")

    too_long = await _add(x, token, "#" + "a" * 1_024)
    await _add(x, token, *(f"#t{n}" for n in range(1_000)))
    too_many = await _add(x, token, "#one_more")

    assert too_long.body["errors"][0]["type"].endswith("/invalid-rules")
    assert too_many.body["errors"][0]["type"].endswith("/rule-cap")


async def test_rules_need_the_apps_own_bearer(x: XClient) -> None:
    user = await x.user_token("mia_k")

    assert (await x.call("GET", PATH)).status == 401
    assert (await x.call("GET", PATH, token="made up")).status == 401
    assert (await x.call("GET", PATH, token=user)).status == 403
