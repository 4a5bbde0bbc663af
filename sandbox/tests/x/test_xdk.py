"""X's own Python library, unchanged, as an outside client of the simulated X."""

import asyncio
import time
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import xdk
from xdk.activity.models import CreateSubscriptionRequest
from xdk.posts.models import CreateRequest
from xdk.stream.models import UpdateRulesRequest
from xdk.streaming import StreamConfig

from sandbox.x.client import XClient

FIRST_FRAMES = 2


@pytest.fixture
def app(x: XClient, app_token: str) -> Iterator[Any]:
    client = xdk.Client(base_url=x.url, bearer_token=app_token)
    yield client
    client.session.close()


@pytest.fixture
def program(x: XClient) -> Iterator[Any]:
    client = xdk.Client(base_url=x.url, access_token="program-token")
    yield client
    client.session.close()


def _take(stream: Generator[Any, None, None], count: int) -> list[Any]:
    """Read so many items, then leave the stream, which ends the connection."""
    items = [next(stream) for _ in range(count)]
    stream.close()
    return items


async def _connected(x: XClient, token: str) -> None:
    deadline = time.monotonic() + 5
    while "data" not in (await x.call("GET", "/2/connections", token=token)).body:
        assert time.monotonic() < deadline, "xdk did not connect"
        await asyncio.sleep(0.01)


async def test_it_sets_rules_and_reads_the_filtered_stream(x: XClient, app_token: str, app: Any) -> None:
    rules = UpdateRulesRequest.model_validate({"add": [{"value": "#BuyKindle", "tag": "kindle"}]})
    added = await asyncio.to_thread(app.stream.update_rules, rules)
    listed = await asyncio.to_thread(lambda: next(iter(app.stream.get_rules())))
    stream = app.stream.posts(
        tweet_fields=["author_id", "entities", "created_at"],
        expansions=["author_id"],
        user_fields=["protected"],
        stream_config=StreamConfig(timeout=5, chunk_size=1),
    )

    reading = asyncio.create_task(asyncio.to_thread(_take, stream, FIRST_FRAMES))
    await _connected(x, app_token)
    for n in range(FIRST_FRAMES):
        await x.act("post", "mia_k", text=f"#BuyKindle {n}")
    frames = await reading

    assert added.data[0].value == "#BuyKindle"
    assert listed.data[0].tag == "kindle"
    assert [frame.data.text for frame in frames] == ["#BuyKindle 0", "#BuyKindle 1"]
    assert frames[0].data.entities.hashtags[0].tag == "BuyKindle"
    assert frames[0].includes.users[0].protected is False
    assert frames[0].matching_rules[0].tag == "kindle"


async def test_it_subscribes_and_reads_the_activity_stream(x: XClient, app_token: str, app: Any) -> None:
    wanted = CreateSubscriptionRequest.model_validate(
        {"event_type": "post.create", "filter": {"user_id": "1000000101"}, "tag": "mia"}
    )
    made = await asyncio.to_thread(app.activity.create_subscription, wanted)
    stream = app.stream.activity(stream_config=StreamConfig(timeout=5, chunk_size=1))

    reading = asyncio.create_task(asyncio.to_thread(_take, stream, 1))
    await _connected(x, app_token)
    await x.act("post", "mia_k", text="plain words")
    (event,) = await reading

    assert made.data.subscription.event_type == "post.create"
    assert event.data.event_type == "post.create"
    assert event.data.payload.text == "plain words"


async def test_it_posts_and_replies_as_the_program(x: XClient, program: Any) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")
    body = CreateRequest.model_validate({"text": "#OKB7KQ2MVX", "reply": {"in_reply_to_tweet_id": asked}})

    made = await asyncio.to_thread(program.posts.create, body)

    found = (await x.call("GET", "/sandbox/posts", query={"since_id": asked})).body["posts"]
    assert [each["id"] for each in found] == [made.data.id]
    assert found[0]["in_reply_to_user_id"] == "1000000101"


async def test_it_reads_who_it_is_and_its_own_posts(x: XClient, program: Any) -> None:
    post = await x.act("post", "AmexSync", text="own")

    me = await asyncio.to_thread(program.users.get_me, user_fields=["protected"])
    posts = await asyncio.to_thread(lambda: next(iter(program.users.get_posts("1000000001"))))

    assert (me.data.username, me.data.protected) == ("AmexSync", False)
    assert [each.id for each in posts.data] == [post]


async def test_it_signs_a_person_in(x: XClient) -> None:
    client = xdk.Client(
        base_url=x.url,
        client_id="hashtill",
        client_secret="s3cret",
        redirect_uri="http://127.0.0.1:9/callback",
        scope="users.read tweet.read offline.access",
    )
    address = urlsplit(client.get_authorization_url(state="abc"))  # its host is x.com: oauthlib insists on https
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    pressed = await x.call("POST", address.path, form={**asked, "user_id": "1000000103", "decision": "allow"})
    code = parse_qs(urlsplit(pressed.headers["Location"]).query)["code"][0]

    await asyncio.to_thread(client.exchange_code, code)
    me = await asyncio.to_thread(client.users.get_me)
    client.session.close()

    assert me.data.username == "priya_reads"
