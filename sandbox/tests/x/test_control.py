"""The control API: people, batches of actions, watching, and beginning again."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest

from sandbox.x.client import XClient
from sandbox.x.watching import LINES_MAX, Watcher


async def test_users_are_made_in_batches_and_changed(x: XClient) -> None:
    users = [{"username": f"buyer_{n}"} for n in range(500)] + [{"username": "fixed", "id": "42", "protected": True}]

    made = await x.control("users", {"users": users})
    changed = await x.call("PATCH", "/sandbox/users/42", json={"protected": False, "name": "Fixed"})

    assert len({user["id"] for user in made["users"]}) == 501
    assert changed.body == {"id": "42", "username": "fixed", "name": "Fixed", "protected": False}


@pytest.mark.parametrize("username", ["mia_k", "has space", "sixteen_letters_", ""])
async def test_a_handle_that_is_taken_or_impossible_is_refused(x: XClient, username: str) -> None:
    with pytest.raises(ValueError, match="400"):
        await x.control("users", {"users": [{"username": username}]})


async def test_a_refused_action_stops_no_other(x: XClient) -> None:
    actions = [
        {"user": "mia_k", "text": "first"},
        {"user": "nobody_here", "text": "lost"},
        {"user": "mia_k", "do": "reply", "post_id": "77", "text": "to nothing"},
        {"user": "jonas_b", "text": "second"},
    ]

    results = (await x.control("actions", {"actions": actions}))["results"]

    assert ["id" in result for result in results] == [True, False, False, True]


async def test_a_watcher_sees_everything_from_where_it_asks(x: XClient) -> None:
    before = await x.act("post", "mia_k", text="before")
    first = await x.act("post", "quiet_anna", text="protected too")

    async with x.stream("/sandbox/watch", token="none", query={"since_id": before}) as lines:
        second = await x.act("reply", "quiet_anna", text="hello", post_id=first)
        await x.act("delete", "quiet_anna", post_id=first)
        seen = [await lines.next() for _ in range(3)]

    assert [(each["event"], each["id"]) for each in seen] == [("post", first), ("post", second), ("delete", first)]
    assert seen[1]["in_reply_to_user_id"] == "1000000106"


async def test_a_watcher_too_far_behind_is_told_so_and_let_go() -> None:
    watcher = Watcher()

    for _ in range(LINES_MAX + 1):
        watcher.put(b"{}\n")
    lines = (await watcher.take()).splitlines()

    assert watcher.behind
    assert (len(lines), lines[-1]) == (LINES_MAX + 1, b'{"event":"behind"}')


async def test_a_long_poll_answers_when_something_is_posted(x: XClient) -> None:
    waiting = asyncio.create_task(x.call("GET", "/sandbox/posts", query={"wait_seconds": "9"}))
    empty = await x.call("GET", "/sandbox/posts")

    post = await x.act("post", "mia_k", text="now")

    assert empty.body == {"posts": []}
    assert [each["id"] for each in (await waiting).body["posts"]] == [post]


async def test_a_reset_brings_the_first_day_back(x: XClient) -> None:
    await x.act("post", "mia_k", text="old")
    await x.control("users", {"users": [{"username": "newcomer"}]})

    await x.control("reset", {})

    state = (await x.call("GET", "/sandbox/state")).body
    assert (state["users"], state["posts"]) == (9, 0)
    assert state["program"]["username"] == "AmexSync"


async def test_people_may_come_from_a_file(start_x: Callable[..., Awaitable[XClient]], tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_bytes(orjson.dumps([{"id": "7", "username": "seven", "name": "Seven"}]))

    x = await start_x(users_file=file, program_handle="OtherSync")

    assert (await x.call("GET", "/sandbox/users/seven")).body["id"] == "7"
    assert (await x.call("GET", "/sandbox/state")).body["program"]["username"] == "OtherSync"
