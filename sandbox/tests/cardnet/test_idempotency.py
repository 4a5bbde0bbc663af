"""Idempotency keys, status queries by key, and batches whose items stand alone."""

import asyncio
import io

import aiohttp
import pytest

from sandbox.cardnet.client import Client, Reply, authorization_body

BATCH_MAX = 200


async def test_fifty_parallel_identical_requests_make_one_authorization(client: Client) -> None:
    token = await client.token()

    replies = await asyncio.gather(*(client.authorize(token, key="k") for _ in range(50)))

    assert {reply.body["id"] for reply in replies} == {replies[0].body["id"]}
    assert sum(not reply.replayed for reply in replies) == 1
    assert (await client.balance(token))["held_minor"] == 10_000


async def test_a_key_with_other_contents_or_another_operation_is_refused(client: Client) -> None:
    token = await client.token()
    authorization = (await client.authorize(token, key="k")).body["id"]

    other_contents = await client.authorize(token, amount_minor=1, key="k")
    other_operation = await client.void(authorization, key="k")

    for reply in (other_contents, other_operation):
        assert (reply.status, reply.code) == (409, "idempotency_key_reused")
        assert reply.body["error"]["type"] == "idempotency_error"


async def test_the_first_answer_is_replayed_though_the_state_has_moved_on(client: Client) -> None:
    authorization = (await client.authorize(await client.token())).body["id"]
    capture = await client.capture(authorization, key="c")

    again = await client.capture(authorization, key="c")

    assert again.replayed
    assert again.body == capture.body


async def test_a_refusal_by_the_book_is_replayed_too(client: Client) -> None:
    first = await client.void("auth_nothing", key="v")
    again = await client.void("auth_nothing", key="v")

    assert (first.status, again.status, again.replayed) == (404, 404, True)


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_post_needs_a_well_formed_key(client: Client, key: str) -> None:
    async with client.session.post("/v1/tokens", json={}, headers={"Idempotency-Key": key}) as response:
        body = await response.json()

    assert response.status == 400
    assert body["error"]["param"] == "idempotency_key"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic sandbox-cardnet-key"])
async def test_every_call_needs_the_bearer_key(client: Client, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    async with aiohttp.ClientSession(client.session._base_url, headers=headers) as stranger:
        reply = await Client(stranger).get("/v1/ledger")

    assert (reply.status, reply.code) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[]", b'"text"', b'{"a": NaN}', b"\xff", b'{"number": ' + b"[" * 500 + b"]" * 500 + b"}"],
    ids=["cut short", "array", "text", "NaN", "no UTF-8", "deep"],
)
async def test_a_body_that_is_no_json_object_is_a_400(client: Client, raw: bytes) -> None:
    headers = {"Idempotency-Key": "k"}
    async with client.session.post("/v1/authorizations", data=raw, headers=headers) as response:
        body = await response.json()

    assert response.status == 400
    assert body["error"]["code"] in {"invalid_json", "invalid_type"}


async def test_a_body_above_a_megabyte_is_refused(client: Client) -> None:
    headers = {"Idempotency-Key": "k"}
    async with client.session.post("/v1/tokens", data=io.BytesIO(b" " * 2_000_000), headers=headers) as response:
        body = await response.json()

    assert response.status == 413
    assert body["error"]["type"] == "invalid_request_error"


async def test_a_query_by_key_tells_the_outcome_or_unknown(client: Client) -> None:
    authorization = await client.authorize(await client.token(), key="k")

    known = await client.operation("k")
    unknown = await client.operation("never")
    both = await client.post("/v1/operations:batch", {"idempotency_keys": ["k", "never"]})

    assert (known.body["operation"], known.body["status"]) == ("authorization", 200)
    assert known.body["body"] == authorization.body
    assert (unknown.status, unknown.code) == (404, "operation_unknown")
    assert [operation["state"] for operation in both.body["operations"]] == ["known", "unknown"]


async def test_a_bad_item_never_fails_its_batch_mates(client: Client) -> None:
    token = await client.token()
    good = authorization_body(token)
    items = [
        {"idempotency_key": "a", **good},
        {"idempotency_key": "b", **good, "amount_minor": -1},
        {**good},
        {"idempotency_key": "a", **good},
        {"idempotency_key": "a", **good, "amount_minor": 2},
        {"idempotency_key": "c", **authorization_body(await client.token("379901"))},
    ]

    results = (await client.post("/v1/authorizations:batch", {"items": items})).body["results"]

    assert [result["status"] for result in results] == [200, 400, 400, 200, 409, 200]
    assert [result["replayed"] for result in results] == [False, False, False, True, False, False]
    assert results[5]["body"]["state"] == "declined"
    assert (await client.authorize(token, key="a")).replayed


async def test_every_step_has_a_batch_form(client: Client) -> None:
    token = await client.token()
    made = await _batch(client, "authorizations", [authorization_body(token)] * 3)
    ids = [result["body"]["id"] for result in made.body["results"]]

    captures = await _batch(client, "captures", [{"authorization": ids[0], "amount_minor": 10_000}])
    voids = await _batch(client, "voids", [{"authorization": ids[1]}, {"authorization": ids[0]}])
    capture = captures.body["results"][0]["body"]["id"]
    refunds = await _batch(client, "refunds", [{"capture": capture, "amount_minor": 400}])

    assert [result["status"] for result in voids.body["results"]] == [200, 409]
    assert refunds.body["results"][0]["status"] == 200
    assert await client.balance(token) == {"held_minor": 10_000, "captured_minor": 10_000, "refunded_minor": 400}


@pytest.mark.parametrize("items", [None, [], "text", [{}] * 201, ["text"]])
async def test_a_batch_is_an_array_of_1_to_200_objects(client: Client, items: object) -> None:
    reply = await client.post("/v1/authorizations:batch", {"items": items})

    assert (reply.status, reply.body["error"]["param"]) == (400, "items")


async def test_a_full_batch_is_answered_whole(client: Client) -> None:
    body = authorization_body(await client.token())

    reply = await _batch(client, "authorizations", [body] * BATCH_MAX)

    assert [result["status"] for result in reply.body["results"]] == [200] * BATCH_MAX


async def _batch(client: Client, noun: str, contents: list[dict[str, object]]) -> Reply:
    items = [{"idempotency_key": f"{noun}-{place}", **item} for place, item in enumerate(contents)]
    return await client.post(f"/v1/{noun}:batch", {"items": items})
