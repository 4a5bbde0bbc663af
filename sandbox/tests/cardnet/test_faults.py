"""Cards that misbehave and faults that are armed: silence, failure, decline, delay; and the page and its data."""

import time

import aiohttp
import pytest

from sandbox.cardnet.client import Client, authorization_body

TIMES_OUT_AFTER, TIMES_OUT_BEFORE, FAILS_ONCE, SLOW = "379903", "379904", "379905", "379906"
TIMES_OUT_AFTER_CAPTURE = "379908"
SHORT_SECONDS = 0.05


async def test_a_card_that_times_out_after_success_is_held_and_the_query_says_so(client: Client) -> None:
    token = await client.token(TIMES_OUT_AFTER)

    with pytest.raises(aiohttp.ClientError):
        await client.authorize(token, key="k")
    found = await client.operation("k")
    again = await client.authorize(token, key="k")

    assert found.body["body"]["state"] == "authorized"
    assert (again.replayed, again.body) == (True, found.body["body"])
    assert (await client.balance(token))["held_minor"] == 10_000


async def test_a_card_that_times_out_before_doing_anything_works_the_second_time(client: Client) -> None:
    token = await client.token(TIMES_OUT_BEFORE)

    with pytest.raises(aiohttp.ClientError):
        await client.authorize(token, key="k")
    found = await client.operation("k")
    again = await client.authorize(token, key="k")

    assert found.status == 404
    assert (again.status, again.replayed) == (200, False)


async def test_a_card_that_fails_once_is_a_500_and_then_fine(client: Client) -> None:
    token = await client.token(FAILS_ONCE)

    replies = [await client.authorize(token, key="k") for _ in range(3)]

    assert [reply.status for reply in replies] == [500, 200, 200]
    assert [reply.replayed for reply in replies] == [False, False, True]


async def test_a_capture_that_times_out_after_success_was_captured(client: Client) -> None:
    token = await client.token(TIMES_OUT_AFTER_CAPTURE)
    authorization = (await client.authorize(token)).body["id"]

    with pytest.raises(aiohttp.ClientError):
        await client.capture(authorization, key="c")

    assert (await client.operation("c")).body["body"]["state"] == "captured"


async def test_a_slow_card_is_late_but_answered(client: Client) -> None:
    token = await client.token(SLOW)
    began = time.monotonic()

    reply = await client.authorize(token)

    assert reply.status == 200
    assert time.monotonic() - began >= SHORT_SECONDS


async def test_in_a_batch_only_the_misbehaving_items_have_an_unknown_outcome(client: Client) -> None:
    ranges = ("378282", TIMES_OUT_AFTER, TIMES_OUT_BEFORE, FAILS_ONCE)
    tokens = [await client.token(card_range) for card_range in ranges]
    items = [{"idempotency_key": f"k{place}", **authorization_body(token)} for place, token in enumerate(tokens)]

    first = (await client.post("/v1/authorizations:batch", {"items": items})).body["results"]
    query = {"idempotency_keys": [f"k{place}" for place in range(4)]}
    states = (await client.post("/v1/operations:batch", query)).body["operations"]
    second = (await client.post("/v1/authorizations:batch", {"items": items})).body["results"]

    assert [result["status"] for result in first] == [200, 504, 504, 500]
    assert first[1]["body"]["error"]["code"] == "outcome_unknown"
    assert [state["state"] for state in states] == ["known", "known", "unknown", "unknown"]
    assert [result["status"] for result in second] == [200] * 4
    assert [result["replayed"] for result in second] == [True, True, False, False]


@pytest.mark.parametrize(("kind", "done"), [("timeout_after", True), ("timeout_before", False)])
async def test_an_armed_time_out_strikes_the_next_n_calls(client: Client, kind: str, done: bool) -> None:  # noqa: FBT001  parametrized
    token = await client.token()
    await client.arm("authorization", kind, count=2)

    for key in ("a", "b"):
        with pytest.raises(aiohttp.ClientError):
            await client.authorize(token, key=key)
    third = await client.authorize(token, key="c")

    assert third.status == 200
    assert [(await client.operation(key)).status == 200 for key in ("a", "b")] == [done, done]


async def test_an_armed_error_does_nothing_and_the_key_may_come_again(client: Client) -> None:
    token = await client.token()
    await client.arm("authorization", "error")

    replies = [await client.authorize(token, key="k") for _ in range(2)]

    assert [(reply.status, reply.replayed) for reply in replies] == [(500, False), (200, False)]
    assert replies[0].code == "processing_error"


async def test_armed_declines_count_items_of_a_batch(client: Client) -> None:
    token = await client.token()
    await client.arm("authorization", "decline", count=2)
    items = [{"idempotency_key": f"k{place}", **authorization_body(token)} for place in range(3)]

    results = (await client.post("/v1/authorizations:batch", {"items": items})).body["results"]

    assert [result["body"]["state"] for result in results] == ["declined", "declined", "authorized"]


async def test_a_capture_can_be_declined_by_a_fault(client: Client) -> None:
    authorization = (await client.authorize(await client.token())).body["id"]
    await client.arm("capture", "decline")

    replies = [await client.capture(authorization), await client.capture(authorization)]

    assert [reply.body["state"] for reply in replies] == ["declined", "captured"]


async def test_armed_latency_delays_and_a_query_can_fail(client: Client) -> None:
    await client.arm("query", "latency", milliseconds=50)
    began = time.monotonic()

    late = await client.operation("k")
    took_seconds = time.monotonic() - began
    await client.arm("query", "error")
    failed = await client.operation("k")

    assert (late.status, failed.status) == (404, 500)
    assert took_seconds >= SHORT_SECONDS


async def test_faults_are_listed_and_disarmed(client: Client) -> None:
    armed = await client.arm("refund", "error", count=3)

    async with client.session.delete("/sandbox/faults") as response:
        left = await response.json()

    assert armed.body["faults"] == [{"target": "refund", "kind": "error", "count": 3, "milliseconds": 0}]
    assert left == {"faults": []}


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"operation": "lunch", "kind": "error"},
        {"operation": "token", "kind": "explode"},
        {"operation": "token", "kind": "decline"},
        {"operation": "token", "kind": "latency"},
        {"operation": "token", "kind": "error", "milliseconds": 5},
        {"operation": "token", "kind": "error", "count": 0},
        {"operation": "token", "kind": "error", "when": "now"},
    ],
)
async def test_a_fault_that_could_never_strike_is_refused(client: Client, fault: dict[str, object]) -> None:
    assert (await client.post("/sandbox/faults", fault)).status == 400


async def test_the_page_shows_newest_first_with_totals_and_a_filter(client: Client) -> None:
    first = (await client.authorize(await client.token(account=1))).body
    second = (await client.authorize(await client.token(account=2), amount_minor=500)).body

    view = (await client.get("/sandbox/view")).body
    filtered = (await client.get(f"/sandbox/view?last4={first['last4']}")).body
    refused = await client.get("/sandbox/view?last4=x")
    async with client.session.get("/") as page:
        html = await page.text()

    assert [row["authorization"]["id"] for row in view["authorizations"]] == [second["id"], first["id"]]
    assert view["totals"]["USD"]["authorization"] == {"count": 2, "amount_minor": 10_500}
    assert [row["authorization"]["id"] for row in filtered["authorizations"]] == [first["id"]]
    assert refused.status == 400
    assert "Card ledger" in html
    assert len((await client.get("/sandbox/cards")).body) == 15
