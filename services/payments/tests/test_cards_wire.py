"""Cards over the wire: sessions, what may be known of a card and to whom, and billing addresses."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from services.payments.tests.payments_world import BROWSER, ENTRY, OTHER_BROWSER, World
from services.payments.tests.wire_world import PAGES, context, item_refusals, on_the_wire, refused

from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.payments.v1 import payments_service_pb2 as pb
from kernel.secret import Secret
from payments.domain.card_session import CardSession
from payments.outbound.vault import HmacFingerprints
from payments.usecases.enter_card import CardDesk, Visit, enter_card, open_card_page


@pytest.fixture
async def stub(postgres_world: World) -> AsyncIterator[Any]:
    async with on_the_wire(postgres_world) as served:
        yield served


def session_request(**changes: Any) -> pb.StartCardSessionRequest:
    wanted: dict[str, Any] = {"context": context(), "browser_session": BROWSER, "return_url": f"{PAGES}/link"}
    return pb.StartCardSessionRequest(**(wanted | changes))


async def test_a_card_session_is_started_once_a_request(stub: Any) -> None:
    request = session_request()

    first, second = await stub.StartCardSession(request), await stub.StartCardSession(request)
    request.return_url = f"{PAGES}/other"

    assert first == second
    assert first.page_url == f"https://cards.sync.example/card/{first.card_session_id}"
    assert await refused(stub.StartCardSession(request)) == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"context": RequestContext()}, "context.request_id"),
        ({"browser_session": ""}, "browser_session"),
        ({"browser_session": "c" * 65}, "browser_session"),
        ({"return_url": ""}, "return_url"),
        ({"return_url": "https://evil.example/"}, "return_url"),
        ({"return_url": f"https://evil.example/?{PAGES}"}, "return_url"),
    ],
)
async def test_a_bad_card_session_is_refused(stub: Any, changes: dict[str, Any], field: str) -> None:
    assert await refused(stub.StartCardSession(session_request(**changes))) == f"INVALID_FIELD:{field}"


async def entered(stub: Any, world: World) -> pb.StartCardSessionResponse:
    started: pb.StartCardSessionResponse = await stub.StartCardSession(session_request())
    visit = Visit(card_session_id=started.card_session_id, browser_session=BROWSER)
    opened = await open_card_page(visit, transactions=world.transactions)
    assert isinstance(opened, tuple)
    fingerprints = HmacFingerprints(Secret(b"k" * 32))
    desk = CardDesk(transactions=world.transactions, processor=world.processor, fingerprints=fingerprints)
    assert isinstance(await enter_card(opened[0], ENTRY, desk=desk), CardSession)
    return started


async def test_a_card_is_described_by_session_and_by_token(stub: Any, postgres_world: World) -> None:
    started = await entered(stub, postgres_world)
    by_session = pb.DescribeCardRequest(card_session_id=started.card_session_id, browser_session=BROWSER)

    card = (await stub.DescribeCard(by_session)).card
    same = (await stub.DescribeCard(pb.DescribeCardRequest(card_token=card.card_token))).card
    addresses = await stub.BatchGetBillingAddresses(
        pb.BatchGetBillingAddressesRequest(card_tokens=[card.card_token, "", "tok_none"])
    )

    assert card == same
    assert (card.last4, card.billing_region, card.brand) == ("0005", "NY", "amex")
    assert list(addresses.results[0].address.lines) == ["1 Main St", "Floor 2"]
    assert item_refusals(addresses) == [None, "INVALID_FIELD:card_tokens[1]", "CARD_NOT_FOUND"]


async def test_a_card_is_described_to_nobody_else(stub: Any, postgres_world: World) -> None:
    empty = await stub.StartCardSession(session_request())
    full = await entered(stub, postgres_world)
    asked = [
        pb.DescribeCardRequest(),
        pb.DescribeCardRequest(card_token="tok_none"),
        pb.DescribeCardRequest(card_session_id="cs_none", browser_session=BROWSER),
        pb.DescribeCardRequest(card_session_id=empty.card_session_id, browser_session=BROWSER),
        pb.DescribeCardRequest(card_session_id=full.card_session_id, browser_session=OTHER_BROWSER),
        pb.DescribeCardRequest(card_session_id=full.card_session_id),
    ]

    reasons = [await refused(stub.DescribeCard(each)) for each in asked]

    assert reasons == [
        "INVALID_FIELD:card",
        "CARD_NOT_FOUND",
        "CARD_SESSION_NOT_FOUND",
        "CARD_SESSION_EMPTY",
        "SESSION_MISMATCH",
        "INVALID_FIELD:browser_session",
    ]
