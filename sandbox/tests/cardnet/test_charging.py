"""Authorize, capture, void, refund: what the book allows, what it refuses, and that the ledger adds up."""

import asyncio
from collections import Counter

import pytest

from sandbox.cardnet.client import Client, authorization_body

LAPSING = "379907"
DECLINED = "379901"
DECLINED_AT_CAPTURE = "379902"


async def test_a_purchase_is_authorized_captured_and_refunded_in_parts(client: Client) -> None:
    token = await client.token()

    authorization = await client.authorize(token)
    capture = await client.capture(authorization.body["id"], 9_000)
    refunds = [await client.refund(capture.body["id"], amount) for amount in (4_000, 5_000)]
    too_much = await client.refund(capture.body["id"], 1)

    assert (authorization.body["state"], authorization.body["decline_code"]) == ("authorized", None)
    assert len(authorization.body["network_reference"]) == 15
    assert (capture.body["state"], [refund.status for refund in refunds]) == ("captured", [200, 200])
    assert (too_much.status, too_much.code) == (400, "amount_too_large")
    assert await client.balance(token) == {"held_minor": 0, "captured_minor": 9_000, "refunded_minor": 9_000}


async def test_a_hold_is_captured_once_and_at_most_in_full(client: Client) -> None:
    authorization = (await client.authorize(await client.token())).body["id"]

    above = await client.capture(authorization, 10_001)
    first = await client.capture(authorization, 6_000)
    second = await client.capture(authorization, 4_000)

    assert (above.status, above.code) == (400, "amount_too_large")
    assert first.status == 200
    assert (second.status, second.code) == (409, "already_captured")


async def test_a_void_is_only_for_a_hold_that_lives(client: Client) -> None:
    token = await client.token()
    captured = (await client.authorize(token)).body["id"]
    voided = (await client.authorize(token)).body["id"]
    await client.capture(captured)

    replies = [await client.void(captured), await client.void(voided), await client.void(voided)]
    late_capture = await client.capture(voided)

    assert [reply.status for reply in replies] == [409, 200, 409]
    assert (replies[0].code, replies[1].body["state"], replies[2].code) == (
        "already_captured",
        "voided",
        "already_voided",
    )
    assert late_capture.code == "already_voided"
    assert (await client.balance(token))["held_minor"] == 0


async def test_a_declined_card_is_an_answer_and_cannot_be_captured(client: Client) -> None:
    reply = await client.authorize(await client.token(DECLINED))
    capture = await client.capture(reply.body["id"])

    assert (reply.status, reply.body["state"], reply.body["decline_code"]) == (200, "declined", "insufficient_funds")
    assert (capture.status, capture.code) == (409, "authorization_declined")


async def test_a_capture_can_be_declined_and_leaves_the_hold(client: Client) -> None:
    token = await client.token(DECLINED_AT_CAPTURE)
    authorization = (await client.authorize(token)).body["id"]

    capture = await client.capture(authorization)
    refund = await client.refund(capture.body["id"], 1)

    assert (capture.status, capture.body["state"], capture.body["decline_code"]) == (200, "declined", "do_not_honor")
    assert (refund.status, refund.code) == (409, "capture_declined")
    assert (await client.balance(token))["held_minor"] == 10_000
    assert (await client.void(authorization)).body["state"] == "voided"


async def test_a_lapsed_hold_cannot_be_captured_or_voided(client: Client) -> None:
    token = await client.token(LAPSING)
    authorization = (await client.authorize(token)).body["id"]

    replies = [await client.capture(authorization), await client.void(authorization)]

    assert [reply.code for reply in replies] == ["authorization_expired", "authorization_expired"]
    assert (await client.get(f"/v1/authorizations/{authorization}")).body["state"] == "expired"
    assert (await client.balance(token))["held_minor"] == 0


async def test_a_hold_can_be_made_to_lapse_by_hand(client: Client) -> None:
    authorization = (await client.authorize(await client.token())).body["id"]

    lapsed = await client.post(f"/sandbox/authorizations/{authorization}/lapse", {})

    assert lapsed.body["state"] == "expired"
    assert (await client.capture(authorization)).code == "authorization_expired"


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amount_minor": 0}, "amount_too_small", "amount_minor"),
        ({"amount_minor": -5}, "amount_too_small", "amount_minor"),
        ({"amount_minor": 100_000_000}, "amount_too_large", "amount_minor"),
        ({"amount_minor": 10**30}, "invalid_type", "amount_minor"),
        ({"amount_minor": 1.5}, "invalid_type", "amount_minor"),
        ({"amount_minor": True}, "invalid_type", "amount_minor"),
        ({"amount_minor": "100"}, "invalid_type", "amount_minor"),
        ({"currency": "usd"}, "currency_not_supported", "currency"),
        ({"reference": ""}, "invalid_length", "reference"),
        ({"merchant": "m" * 201}, "invalid_length", "merchant"),
        ({"token": None}, "missing_field", "token"),
        ({"tip": 1}, "unknown_field", "tip"),
    ],
)
async def test_bad_contents_are_a_400_that_names_the_field(
    client: Client, changes: dict[str, object], code: str, param: str
) -> None:
    token = await client.token()

    reply = await client.post("/v1/authorizations", {**authorization_body(token), **changes})

    assert (reply.status, reply.code, reply.body["error"]["param"]) == (400, code, param)
    assert reply.body["error"]["type"] == "invalid_request_error"


async def test_unknown_ids_are_404(client: Client) -> None:
    replies = [
        await client.authorize("tok_nothing"),
        await client.authorize("€"),
        await client.capture("auth_nothing"),
        await client.void("auth_%FF"),
        await client.refund("cap_nothing", 1),
        await client.get("/v1/authorizations/auth_nothing"),
        await client.get("/v1/captures/cap_nothing"),
        await client.get("/v1/balances/tok_nothing"),
        await client.get("/v1/nothing"),
    ]

    assert [reply.status for reply in replies] == [404] * 9
    assert replies[0].code == "token_not_found"
    assert replies[8].code == "not_found"


async def test_the_ledger_adds_up_to_the_balances_over_pages(client: Client) -> None:
    token = await client.token()
    await asyncio.gather(*(_one_life(client, token, number) for number in range(24)))

    sums = await _ledger_sums(client)
    balance = await client.balance(token)

    released = sums["void"] + sums["release"] + sums["lapse"]
    assert balance["held_minor"] == sums["authorization"] - released - sums["capture"]
    assert balance["captured_minor"] == sums["capture"] == 12 * 7_000
    assert balance["refunded_minor"] == sums["refund"] == 6 * 1_500


async def _one_life(client: Client, token: str, number: int) -> None:
    authorization = (await client.authorize(token)).body["id"]
    if number % 4 == 0:
        await client.void(authorization)
    if number % 2 == 1:
        capture = (await client.capture(authorization, 7_000)).body["id"]
        if number % 4 == 1:
            await client.refund(capture, 1_500)


async def _ledger_sums(client: Client) -> Counter[str]:
    sums: Counter[str] = Counter()
    last, has_more = 0, True
    while has_more:
        page = (await client.get(f"/v1/ledger?after={last}&limit=10")).body
        assert [movement["sequence"] for movement in page["movements"]] == list(range(last + 1, page["last"] + 1))
        for movement in page["movements"]:
            sums[movement["kind"]] += movement["amount_minor"]
        last, has_more = page["last"], page["has_more"]
    return sums
