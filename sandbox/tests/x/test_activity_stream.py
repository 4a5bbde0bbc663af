"""Activity stream: what subscribed users do, deletes included, reposts never."""

from sandbox.x.client import XClient

SUBSCRIPTIONS = "/2/activity/subscriptions"
PATH = "/2/activity/stream"
MIA = "1000000101"


async def _subscribe(x: XClient, token: str, *event_types: str, user_id: str = MIA) -> list[str]:
    made: list[str] = []
    for event_type in event_types:
        body = {"event_type": event_type, "filter": {"user_id": user_id}, "tag": "member"}
        answer = await x.call("POST", SUBSCRIPTIONS, token=token, json=body)
        made.append(answer.body["data"]["subscription"]["subscription_id"])
    return made


async def test_a_subscribed_users_plain_post_arrives_whole(x: XClient, app_token: str) -> None:
    await _subscribe(x, app_token, "post.create")

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "jonas_b", text="not subscribed")
        post_id = await x.act("post", "mia_k", text="#OKB7KQ2MVX")
        event = (await frames.next())["data"]

    assert len(event["event_uuid"]) == 36
    assert event["event_type"] == "post.create"
    assert event["filter"] == {"user_id": MIA}
    assert event["tag"] == "member"
    assert event["payload"]["id"] == post_id
    assert event["payload"]["author_id"] == MIA
    assert event["payload"]["entities"]["hashtags"][0]["tag"] == "OKB7KQ2MVX"
    assert event["includes"]["users"][0]["protected"] is False


async def test_reposts_and_protected_users_do_not_arrive(x: XClient, app_token: str) -> None:
    await _subscribe(x, app_token, "post.create")
    await _subscribe(x, app_token, "post.create", user_id="1000000106")
    prompt = await x.act("post", "AmexSync", text="Post #OKB7KQ2MVX")

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "quiet_anna", text="protected")
        await x.act("repost", "mia_k", post_id=prompt)
        last = await x.act("post", "mia_k", text="own words")
        event = (await frames.next())["data"]

    assert event["payload"]["id"] == last


async def test_a_delete_arrives_for_each_version(x: XClient, app_token: str) -> None:
    await _subscribe(x, app_token, "post.delete")
    first = await x.act("post", "mia_k", text="#BuyKindle")
    second = await x.act("edit", "mia_k", text="#BuyKindle now", post_id=first)

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("delete", "mia_k", post_id=first)
        events = [(await frames.next())["data"] for _ in range(2)]

    assert [event["payload"] for event in events] == [
        {"id": first, "author_id": MIA},
        {"id": second, "author_id": MIA},
    ]


async def test_a_revocation_arrives_and_ends_the_users_tokens(x: XClient, app_token: str) -> None:
    await _subscribe(x, app_token, "oauth.revoke")
    token = await x.user_token("mia_k")

    async with x.stream(PATH, token=app_token) as frames:
        await x.control("revocations", {"user": "mia_k"})
        event = (await frames.next())["data"]

    assert event["payload"]["user_id"] == MIA
    assert event["payload"]["app_id"] == "hashtill"
    assert (await x.call("GET", "/2/users/me", token=token)).status == 401


async def test_a_new_handle_arrives_and_mentions_follow_it(x: XClient, app_token: str) -> None:
    await _subscribe(x, app_token, "profile.update.handle", "profile.update.screenname")

    async with x.stream(PATH, token=app_token) as frames:
        await x.call("PATCH", "/sandbox/users/mia_k", json={"username": "mia_keller", "name": "Mia"})
        events = [(await frames.next())["data"] for _ in range(2)]

    assert [(event["event_type"], event["payload"]) for event in events] == [
        ("profile.update.handle", {"before": "mia_k", "after": "mia_keller"}),
        ("profile.update.screenname", {"before": "Mia Keller", "after": "Mia"}),
    ]


async def test_subscriptions_are_listed_in_pages_retagged_and_deleted(x: XClient, app_token: str) -> None:
    first, second = await _subscribe(x, app_token, "post.create", "post.delete")

    page = await x.call("GET", SUBSCRIPTIONS, token=app_token, query={"max_results": "1"})
    following = {"max_results": "5", "pagination_token": page.body["meta"]["next_token"]}
    rest = await x.call("GET", SUBSCRIPTIONS, token=app_token, query=following)
    changed = await x.call("PUT", f"{SUBSCRIPTIONS}/{first}", token=app_token, json={"tag": "other"})
    deleted = await x.call("DELETE", f"{SUBSCRIPTIONS}/{first}", token=app_token)
    several = await x.call("DELETE", SUBSCRIPTIONS, token=app_token, query={"ids": second})

    assert [each["subscription_id"] for each in page.body["data"] + rest.body["data"]] == [first, second]
    assert changed.body["data"]["subscription"]["tag"] == "other"
    assert deleted.body == {"data": {"deleted": True}, "meta": {"total_subscriptions": 1}}
    assert several.body["meta"]["total_subscriptions"] == 0


async def test_what_cannot_be_subscribed_to_is_refused(x: XClient, app_token: str) -> None:
    body = {"event_type": "post.create", "filter": {"user_id": MIA}}
    await _subscribe(x, app_token, "post.create")

    twice = await x.call("POST", SUBSCRIPTIONS, token=app_token, json=body)
    unknown = await x.call("POST", SUBSCRIPTIONS, token=app_token, json={**body, "event_type": "post.like"})
    nobody = await x.call("POST", SUBSCRIPTIONS, token=app_token, json={**body, "filter": {"user_id": "7"}})
    absent = await x.call("DELETE", f"{SUBSCRIPTIONS}/7", token=app_token)

    assert [answer.status for answer in (twice, unknown, nobody, absent)] == [409, 400, 400, 404]


async def test_a_backfill_brings_missed_events(x: XClient, app_token: str) -> None:
    await _subscribe(x, app_token, "post.create")
    async with x.stream(PATH, token=app_token):
        pass
    post_id = await x.act("post", "mia_k", text="while nobody listened")

    async with x.stream(PATH, token=app_token, query={"backfill_minutes": "1"}) as frames:
        event = (await frames.next())["data"]

    assert event["payload"]["id"] == post_id
