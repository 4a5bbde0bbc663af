"""Identity's wires: X's sign-in against a simulated X, payments over gRPC, and the events that touch links."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession
from services.identity.tests.identity_world import ANN, NOW, World, reason_of, speaking

from chassis.messages import ReceivedMessage, inbox_id
from chassis.testing import served
from hashtill.orders.v1.events_pb2 import OrderDisowned
from hashtill.orders.v1.order_pb2 import Order
from hashtill.payments.v1 import card_pb2, payments_service_pb2
from hashtill.payments.v1.payments_service_pb2_grpc import (
    PaymentsServiceServicer,
    PaymentsServiceStub,
    add_PaymentsServiceServicer_to_server,
)
from hashtill.social.v1.social_post_pb2 import AccountRevoked
from identity.domain.authorization import OAuthApp, challenge_of
from identity.domain.card import CardFacts, CardProduct
from identity.domain.link import Link, LinkStatus
from identity.inbound.consumers import LinkEvents
from identity.outbound.payments_cards import PaymentsCards
from identity.outbound.x_accounts import XAccounts, XApp
from identity.usecases.ports import Grant
from kernel.refusals import Refusal, RefusalKind, RefusedError
from kernel.secret import Secret
from sandbox.x.client import XClient
from sandbox.x.server import start as start_x
from sandbox.x.settings import Settings as XSettings

CALLBACK = "http://127.0.0.1/link/callback"
VERIFIER = Secret("v" * 64)
JANE = "1000000101"


@pytest.fixture
async def x() -> AsyncIterator[XClient]:
    server = await start_x(XSettings(redirect_uris=(CALLBACK,)))
    async with ClientSession() as session:
        yield XClient(session, server.url)
    await server.stop()


def accounts(x: XClient, *, url: str = "") -> XAccounts:
    app = XApp(
        api_url=url or x.url,
        client_id="hashtill",
        client_secret=Secret("sandbox-client-secret"),
        redirect_uri=CALLBACK,
    )
    return XAccounts(x._session, app=app)


async def code_of(x: XClient) -> Secret[str]:
    """Sign in at X's own page and take the code that comes back."""
    app = OAuthApp(authorize_url="", client_id="hashtill", redirect_uri=CALLBACK, scopes=())
    form = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": "users.read tweet.read offline.access",
        "state": "s",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "user_id": JANE,
        "decision": "allow",
    }
    answer = await x.call("POST", "/i/oauth2/authorize", form=form)
    return Secret(parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0])


async def test_a_code_becomes_an_account_and_access_can_be_withdrawn(x: XClient) -> None:
    ours = accounts(x)

    grant = await ours.redeem(code=await code_of(x), verifier=VERIFIER)

    assert isinstance(grant, Grant)
    assert grant.account.network_user_id == JANE
    assert not grant.account.protected
    assert await ours.withdraw(grant.token)
    assert await ours.withdraw(grant.token)


async def test_a_code_is_redeemed_once_and_by_its_verifier_only(x: XClient) -> None:
    code, ours = await code_of(x), accounts(x)

    wrong = await ours.redeem(code=await code_of(x), verifier=Secret("w" * 64))
    await ours.redeem(code=code, verifier=VERIFIER)
    again = await ours.redeem(code=code, verifier=VERIFIER)

    assert (reason_of(wrong), reason_of(again)) == ("CODE_REFUSED", "CODE_REFUSED")


async def test_an_x_that_is_away_or_busy_is_asked_again_later(x: XClient) -> None:
    await x.fault("fail_calls", count=2, status=503, path="*")

    busy = await accounts(x).redeem(code=Secret("c"), verifier=VERIFIER)
    away = await accounts(x, url="http://127.0.0.1:9").redeem(code=Secret("c"), verifier=VERIFIER)

    assert (reason_of(busy), reason_of(away)) == ("NETWORK_UNAVAILABLE", "NETWORK_UNAVAILABLE")
    assert not await accounts(x).withdraw(Secret("t"))


class ToldPayments(PaymentsServiceServicer):
    """Payments that answers as the test told it."""

    def __init__(self, answer: card_pb2.Card | Refusal) -> None:
        self._answer = answer

    async def DescribeCard(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - gRPC's name
        if isinstance(self._answer, Refusal):
            raise RefusedError(self._answer)
        return payments_service_pb2.DescribeCardResponse(card=self._answer)


async def described(answer: card_pb2.Card | Refusal) -> CardFacts | Refusal:
    payments: Any = ToldPayments
    async with served((add_PaymentsServiceServicer_to_server, payments(answer))) as channel:
        cards = PaymentsCards(PaymentsServiceStub(channel))
        return await cards.describe(card_session_id="s", browser_session="b")


async def test_a_card_is_described_in_our_words() -> None:
    card = card_pb2.Card(brand="amex", product=card_pb2.CARD_PRODUCT_CONSUMER_CHARGE, country="US", last4="0005")

    facts, unknown = await described(card), await described(card_pb2.Card(brand="amex"))

    assert isinstance(facts, CardFacts)
    assert (facts.product, facts.last4) == (CardProduct.CONSUMER_CHARGE, "0005")
    assert isinstance(unknown, CardFacts)
    assert unknown.product is CardProduct.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "reason", "seen"),
    [
        (RefusalKind.PRECONDITION, "CARD_SESSION_EMPTY", "CARD_SESSION_EMPTY"),
        (RefusalKind.BUSY, "OUTAGE", "PAYMENTS_UNAVAILABLE"),
    ],
)
async def test_what_payments_says_no_to_comes_back(kind: RefusalKind, reason: str, seen: str) -> None:
    assert reason_of(await described(Refusal(kind=kind, reason=reason, message="no"))) == seen


def message(event: Any) -> ReceivedMessage:
    return ReceivedMessage(
        message_id=inbox_id(name=type(event).__name__, at=NOW),
        type=event.DESCRIPTOR.full_name,
        event=event,
        aggregate="a",
        version=1,
        at=NOW,
        traceparent=None,
        subject="s",
        deliveries=1,
        sequence=1,
    )


async def test_an_order_disowned_freezes_and_access_revoked_ends(world: World) -> None:
    events = LinkEvents(world.transactions)
    disowned = OrderDisowned(order=Order(network="x", author_id=ANN.network_user_id))
    link = await world.linked()
    revoked = AccountRevoked(network="x", author_id=ANN.network_user_id)
    revoked.revoked_at.FromDatetime(link.consented_at)

    await events.disowned([message(disowned)])
    frozen = await speaking(world)
    await events.revoked([message(revoked)])

    assert isinstance(frozen, Link)
    assert frozen.status is LinkStatus.FROZEN
    assert reason_of(await speaking(world)) == "NOT_LINKED"
