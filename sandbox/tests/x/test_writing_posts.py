"""Writing through X's API: posts, replies, quotes, edits, reposts, deletes, and what X refuses."""

from collections.abc import Awaitable, Callable

import pytest

from sandbox.x.client import Answer, XClient
from sandbox.x.settable_clock import SettableClock
from sandbox.x.settings import Tier

StartX = Callable[..., Awaitable[XClient]]
PROGRAM = "program-token"


async def _post(x: XClient, token: str, **body: object) -> Answer:
    return await x.call("POST", "/2/tweets", token=token, json=body)


async def _read(x: XClient, post_id: str, **query: str) -> Answer:
    return await x.call(
        "GET", f"/2/tweets/{post_id}", token=PROGRAM, query={k.replace("_", "."): v for k, v in query.items()}
    )


async def test_a_reply_joins_the_conversation_and_names_whom_it_answers(x: XClient) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")

    made = await _post(x, PROGRAM, text="#OKB7KQ2MVX", reply={"in_reply_to_tweet_id": asked})

    fields = "conversation_id,in_reply_to_user_id,referenced_tweets,author_id"
    read = await _read(x, made.body["data"]["id"], tweet_fields=fields)
    assert made.status == 201
    assert made.body["data"]["text"] == "@mia_k #OKB7KQ2MVX"
    assert read.body["data"]["conversation_id"] == asked
    assert read.body["data"]["in_reply_to_user_id"] == "1000000101"
    assert read.body["data"]["referenced_tweets"] == [{"type": "replied_to", "id": asked}]


async def test_the_same_text_again_is_refused_until_the_first_is_gone(x: XClient) -> None:
    first = await _post(x, PROGRAM, text="hello")

    again = await _post(x, PROGRAM, text="hello")
    await x.call("DELETE", f"/2/tweets/{first.body['data']['id']}", token=PROGRAM)
    after = await _post(x, PROGRAM, text="hello")

    assert again.status == 403
    assert "duplicate" in again.body["detail"]
    assert after.status == 201


async def test_280_weighted_characters_are_the_most(x: XClient) -> None:
    assert (await _post(x, PROGRAM, text="日" * 140)).status == 201
    assert (await _post(x, PROGRAM, text="日" * 141)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"txt": "typo"},
        {"text": "hi", "unheard": 1},
        {"text": "hi", "reply": {"to": "1"}},
        {"text": "hi", "reply": {"in_reply_to_tweet_id": "x"}},
        {"text": "   "},
        {"text": "hi", "quote_tweet_id": "1" * 30},
    ],
)
async def test_a_body_that_fits_no_schema_is_refused(x: XClient, body: dict[str, object]) -> None:
    answer = await _post(x, PROGRAM, **body)

    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_writing_needs_a_users_token_with_the_scope(x: XClient, app_token: str) -> None:
    reader = (await x.control("tokens", {"user": "mia_k", "scopes": ["tweet.read", "users.read"]}))["access_token"]

    answers = [await _post(x, token, text="hi") for token in (app_token, reader, "made up")]

    assert [answer.status for answer in answers] == [403, 403, 401]


async def test_what_is_deleted_or_protected_cannot_be_answered(x: XClient) -> None:
    gone = await x.act("post", "mia_k", text="#BuyKindle")
    protected = await x.act("post", "quiet_anna", text="#BuyKindle")
    await x.act("delete", "mia_k", post_id=gone)

    replies = [
        await _post(x, PROGRAM, text="hello", reply={"in_reply_to_tweet_id": each}) for each in (gone, protected)
    ]

    assert [(each.status, each.body["title"]) for each in replies] == [(403, "Forbidden")] * 2
    assert "deleted or not visible" in replies[0].body["detail"]


async def test_a_protected_post_is_reposted_by_nobody_and_a_protected_repost_is_not_listed(x: XClient) -> None:
    protected = await x.act("post", "quiet_anna", text="private")
    public = await x.act("post", "mia_k", text="public")
    await x.act("repost", "quiet_anna", post_id=public)

    with pytest.raises(ValueError, match="not allowed to repost"):
        await x.act("repost", "mia_k", post_id=protected)
    listed = await x.call("GET", f"/2/tweets/{public}/retweets", token=PROGRAM)

    assert listed.body["meta"]["result_count"] == 0


async def test_on_self_serve_only_those_who_summoned_us_are_answered(start_x: StartX) -> None:
    x = await start_x(tier=Tier.SELF_SERVE)
    own = await x.act("post", "AmexSync", text="New: #BuyKindle")
    silent = await x.act("post", "mia_k", text="#BuyKindle")
    mention = await x.act("post", "mia_k", text="@AmexSync #BuyKindle")
    quote = await x.act("quote", "jonas_b", text="yes", post_id=own)

    replies = [
        await _post(x, PROGRAM, text=f"reply {n}", reply={"in_reply_to_tweet_id": each})
        for n, each in enumerate((silent, mention, quote, own))
    ]
    quoting = await _post(x, PROGRAM, text="look", quote_tweet_id=mention)

    assert [answer.status for answer in replies] == [403, 201, 201, 201]
    assert quoting.status == 403


async def test_an_edit_makes_a_new_version_five_times_at_most(x: XClient) -> None:
    first = (await _post(x, PROGRAM, text="0")).body["data"]["id"]

    edits = [await _post(x, PROGRAM, text=f"{n}", edit_options={"previous_post_id": first}) for n in range(1, 7)]

    assert [answer.status for answer in edits] == [201] * 5 + [403]
    assert edits[4].body["data"]["edit_history_tweet_ids"][0] == first
    assert len(edits[4].body["data"]["edit_history_tweet_ids"]) == 6


async def test_an_edit_is_refused_to_others_too_late_and_of_answers(start_x: StartX, clock: SettableClock) -> None:
    x = await start_x(clock=clock)
    asked = await x.act("post", "mia_k", text="#BuyKindle")
    answer = await x.act("reply", "jonas_b", text="me too", post_id=asked)

    with pytest.raises(ValueError, match="only edit your own"):
        await x.act("edit", "jonas_b", text="mine now", post_id=asked)
    with pytest.raises(ValueError, match="cannot be edited"):
        await x.act("edit", "jonas_b", text="changed", post_id=answer)
    clock.advance(1_801)
    with pytest.raises(ValueError, match="cannot be edited"):
        await x.act("edit", "mia_k", text="late", post_id=asked)


async def test_reposting_twice_is_once_and_can_be_undone(x: XClient) -> None:
    post = await x.act("post", "AmexSync", text="prompt")
    token = await x.user_token("mia_k")
    path = "/2/users/1000000101/retweets"

    first = await x.call("POST", path, token=token, json={"tweet_id": post})
    second = await x.call("POST", path, token=token, json={"tweet_id": post})
    listed = await x.call(
        "GET", f"/2/tweets/{post}/retweets", token=token, query={"tweet.fields": "author_id,created_at"}
    )
    undone = await x.call("DELETE", f"{path}/{post}", token=token)
    after = await x.call("GET", f"/2/tweets/{post}/retweets", token=token)
    foreign = await x.call("POST", "/2/users/1000000102/retweets", token=token, json={"tweet_id": post})

    assert first.body == second.body
    assert [each["author_id"] for each in listed.body["data"]] == ["1000000101"]
    assert listed.body["data"][0]["id"] == first.body["data"]["rest_id"]
    assert undone.body == {"data": {"retweeted": False}}
    assert after.body["meta"]["result_count"] == 0
    assert foreign.status == 403


async def test_missing_and_protected_posts_are_errors_beside_what_is_found(x: XClient) -> None:
    found = await x.act("post", "mia_k", text="public")
    hidden = await x.act("post", "quiet_anna", text="private")

    answer = await x.call("GET", "/2/tweets", token=PROGRAM, query={"ids": f"{found},{hidden},77"})
    own = await x.call("GET", f"/2/tweets/{hidden}", token=await x.user_token("quiet_anna"))

    assert answer.status == 200
    assert [each["id"] for each in answer.body["data"]] == [found]
    kinds = [error["type"].rsplit("/", 1)[-1] for error in answer.body["errors"]]
    assert kinds == ["not-authorized-for-resource", "resource-not-found"]
    assert own.body["data"]["text"] == "private"


async def test_a_delete_takes_reposts_along_and_is_the_authors_alone(x: XClient) -> None:
    post = await x.act("post", "mia_k", text="oops")
    await x.act("repost", "jonas_b", post_id=post)

    foreign = await x.call("DELETE", f"/2/tweets/{post}", token=PROGRAM)
    own = await x.call("DELETE", f"/2/tweets/{post}", token=await x.user_token("mia_k"))

    assert foreign.status == 403
    assert own.body == {"data": {"deleted": True}}
    assert (await x.call("GET", "/sandbox/posts")).body["posts"] == []


async def test_the_oldest_posts_fall_off_at_the_bound(start_x: StartX) -> None:
    x = await start_x(posts_max=3)

    posts = [await x.act("post", "mia_k", text=f"{n}") for n in range(5)]

    kept = (await x.call("GET", "/sandbox/posts")).body["posts"]
    assert [each["id"] for each in kept] == posts[2:]
