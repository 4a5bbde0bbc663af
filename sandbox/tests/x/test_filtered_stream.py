"""Filtered stream: what it carries and what it does not."""

import pytest

from sandbox.x.client import Frames, XClient

PATH = "/2/tweets/search/stream"
ASKED = {
    "tweet.fields": "author_id,created_at,entities,edit_history_tweet_ids,edit_controls,conversation_id,"
    "in_reply_to_user_id,referenced_tweets,note_tweet,lang",
    "expansions": "author_id",
    "user.fields": "username,protected",
}
MARK = "#endmark"


async def _rules(x: XClient, token: str, *values: str) -> None:
    add = [{"value": value, "tag": f"rule {value}"} for value in values]
    assert (await x.call("POST", PATH + "/rules", token=token, json={"add": add})).status == 201


async def _until_mark(x: XClient, frames: Frames) -> list[str]:
    """Give the texts that came before a post everybody's rules carry, so that absence needs no waiting."""
    await x.act("post", "leo_n", text=MARK)
    texts: list[str] = []
    while (text := (await frames.next())["data"]["text"]) != MARK:
        texts.append(text)
    return texts


async def test_a_frame_looks_like_xs(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#BuyKindle", "@AmexSync")

    async with x.stream(PATH, token=app_token, query=ASKED) as frames:
        post_id = await x.act("post", "mia_k", text="👍 @AmexSync #BuyKindle")
        frame = await frames.next()

    assert frame["data"] | {"created_at": "", "edit_controls": {}} == {
        "id": post_id,
        "text": "👍 @AmexSync #BuyKindle",
        "author_id": "1000000101",
        "created_at": "",
        "conversation_id": post_id,
        "edit_history_tweet_ids": [post_id],
        "edit_controls": {},
        "lang": "und",
        "entities": {
            "hashtags": [{"start": 12, "end": 22, "tag": "BuyKindle"}],
            "mentions": [{"start": 2, "end": 11, "username": "AmexSync", "id": "1000000001"}],
        },
    }
    assert frame["includes"]["users"] == [
        {"id": "1000000101", "name": "Mia Keller", "username": "mia_k", "protected": False}
    ]
    assert {rule["tag"] for rule in frame["matching_rules"]} == {"rule #BuyKindle", "rule @AmexSync"}


async def test_only_what_a_rule_matches_arrives(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#BuyKindle", MARK)

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "mia_k", text="no tag of ours")
        await x.act("post", "mia_k", text="#BuyKindle")
        arrived = await _until_mark(x, frames)

    assert arrived == ["#BuyKindle"]


@pytest.mark.parametrize(("rules", "arrives"), [(["@AmexSync"], False), (["@AmexSync", "retweets_of:AmexSync"], True)])
async def test_a_repost_of_a_prompt_arrives_only_by_retweets_of(
    x: XClient, app_token: str, rules: list[str], *, arrives: bool
) -> None:
    await _rules(x, app_token, MARK, *rules)
    prompt = await x.act("post", "AmexSync", text="Post #OKB7KQ2MVX to confirm")

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("repost", "mia_k", post_id=prompt)
        arrived = await _until_mark(x, frames)

    assert bool(arrived) is arrives


async def test_a_repost_says_what_it_repeats(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "retweets_of:AmexSync")
    prompt = await x.act("post", "AmexSync", text="Post #OKB7KQ2MVX to confirm")

    async with x.stream(PATH, token=app_token, query=ASKED) as frames:
        await x.act("repost", "mia_k", post_id=prompt)
        data = (await frames.next())["data"]

    assert data["referenced_tweets"] == [{"type": "retweeted", "id": prompt}]
    assert data["text"] == "RT @AmexSync: Post #OKB7KQ2MVX to confirm"
    assert data["entities"]["hashtags"][0]["tag"] == "OKB7KQ2MVX"


async def test_the_quote_trap_a_quote_arrives_by_the_quoted_text_without_its_entities(
    x: XClient, app_token: str
) -> None:
    await _rules(x, app_token, "#BuyKindle")
    offer = await x.act("post", "AmexSync", text="New: #BuyKindle")

    async with x.stream(PATH, token=app_token, query=ASKED) as frames:
        await x.act("quote", "mia_k", text="not for me", post_id=offer)
        frame = await frames.next()

    assert frame["matching_rules"][0]["tag"] == "rule #BuyKindle"
    assert "entities" not in frame["data"]
    assert frame["data"]["referenced_tweets"] == [{"type": "quoted", "id": offer}]


async def test_an_edit_arrives_again_with_its_history(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#BuyKindle")

    async with x.stream(PATH, token=app_token, query=ASKED) as frames:
        first = await x.act("post", "mia_k", text="without a tag")
        second = await x.act("edit", "mia_k", text="with #BuyKindle", post_id=first)
        data = (await frames.next())["data"]

    assert data["id"] == second
    assert data["edit_history_tweet_ids"] == [first, second]
    assert data["edit_controls"]["edits_remaining"] == 4


async def test_a_long_post_carries_its_whole_text_as_a_note(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#BuyKindle")
    text = "word " * 80 + "#BuyKindle"

    async with x.stream(PATH, token=app_token, query=ASKED) as frames:
        await x.act("post", "mia_k", text=text)
        data = (await frames.next())["data"]

    assert len(data["text"]) <= 280
    assert "entities" not in data
    assert data["note_tweet"]["text"] == text
    assert data["note_tweet"]["entities"]["hashtags"][0]["tag"] == "BuyKindle"


async def test_neither_deletes_nor_protected_accounts_arrive(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#BuyKindle", MARK)
    doomed = await x.act("post", "mia_k", text="#BuyKindle first")

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "quiet_anna", text="#BuyKindle")
        await x.act("delete", "mia_k", post_id=doomed)
        arrived = await _until_mark(x, frames)

    assert arrived == []


async def test_an_account_may_become_protected_while_we_listen(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#BuyKindle", MARK)

    async with x.stream(PATH, token=app_token) as frames:
        await x.call("PATCH", "/sandbox/users/mia_k", json={"protected": True})
        await x.act("post", "mia_k", text="#BuyKindle")
        arrived = await _until_mark(x, frames)

    assert arrived == []


async def test_thousands_at_once_arrive_each_and_in_order(x: XClient, app_token: str) -> None:
    posts = 3_000
    await _rules(x, app_token, "#BuyKindle")
    actions = [{"user": "mia_k", "text": f"#BuyKindle {n}"} for n in range(posts)]

    async with x.stream(PATH, token=app_token, query=ASKED) as frames:
        await x.control("actions", {"actions": actions})
        texts = [(await frames.next())["data"]["text"] for _ in range(posts)]

    assert texts == [action["text"] for action in actions]
