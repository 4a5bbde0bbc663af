"""The whole of payments on real PostgreSQL, NATS and card network; and nowhere outside the vault a number or a CVV."""

import hashlib
import io
import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import structlog
from aiohttp import ClientSession
from nats.aio.client import Client
from services.payments.tests.cardnet_world import LAPSES, Cardnet
from services.payments.tests.payments_world import FORM

from chassis.data_testing import messages_of, until
from chassis.grpc_client import open_channel
from chassis.health import Health
from chassis.jetstream import connect
from chassis.lifecycle import Lifecycle
from chassis.logs import configure_logs
from chassis.masking import MASK
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from hashtill.common.v1.money_pb2 import Money
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.payments.v1 import charge_pb2
from hashtill.payments.v1 import payments_service_pb2 as pb
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from kernel.secret import Secret
from payments.main import serve
from payments.outbound.keys import new_fingerprint_key, new_keyset
from payments.settings import Settings
from sandbox.cardnet.card_numbers import mint_number

pytestmark = pytest.mark.servers

COOKIE = "cookie-of-ann"
PAGES = "https://sync.example"
NUMBER, CVV = mint_number(7, card_range="378282"), "7391"
SECRET_WORDS = (NUMBER, f"{NUMBER[:4]} {NUMBER[4:10]} {NUMBER[10:]}", NUMBER.encode().hex())
CVV_WORD = re.compile(rf"(?<![0-9A-Za-z.]){CVV}(?![0-9A-Za-z])")


@dataclass(kw_only=True)
class Running:
    """Payments as a service, and a browser at its card page."""

    dsn: str
    nats: Client
    stub: Any
    page_port: int
    http: ClientSession
    logs: io.StringIO
    pages_seen: str = ""

    async def card(self, number: str = NUMBER) -> str:
        """Enter a card as a person does, after one mistake; gives its token."""
        request = pb.StartCardSessionRequest(
            context=RequestContext(request_id=str(uuid4())),
            browser_session=hashlib.sha256(COOKIE.encode()).hexdigest(),
            return_url=f"{PAGES}/link",
        )
        started = await self.stub.StartCardSession(request)
        path = f"http://127.0.0.1:{self.page_port}/card/{started.card_session_id}"
        form_token = re.findall(r'name="form_token" value="([^"]+)"', await self._get(path))[0]
        form = FORM | {"form_token": form_token, "number": number, "cvv": CVV}
        assert await self._post(path, form | {"cvv": "2222"}) == 422
        assert await self._post(path, form | {"city": ""}) == 422
        assert await self._post(path, form) == 303
        asked = pb.DescribeCardRequest(card_session_id=started.card_session_id, browser_session=request.browser_session)
        token: str = (await self.stub.DescribeCard(asked)).card.card_token
        return token

    async def charge(self, token: str) -> charge_pb2.Charge:
        item = pb.AuthorizeItem(
            order_id=str(uuid4()),
            attempt=1,
            card_token=token,
            amount=Money(amount_minor=14_999, currency_code="USD"),
            merchant_id="acme",
        )
        charge: charge_pb2.Charge = (
            (await self.stub.BatchAuthorize(pb.BatchAuthorizeRequest(items=[item]))).results[0].charge
        )
        return charge

    async def told(self) -> list[str]:
        """Name the events on the stream, in order."""
        return [(each.headers or {})["ce-type"].rpartition(".")[2] for each in await self.raw()]

    async def raw(self) -> list[Any]:
        return list(await messages_of(self.nats, "PAYMENTS"))

    async def _get(self, path: str) -> str:
        async with self.http.get(path, cookies={"hashtill_session": COOKIE}) as answer:
            text = await answer.text()
        self.pages_seen += text
        return text

    async def _post(self, path: str, form: dict[str, str]) -> int:
        cookies = {"hashtill_session": COOKIE}
        async with self.http.post(path, data=form, cookies=cookies, allow_redirects=False) as answer:
            self.pages_seen += await answer.text() + str(answer.headers)
            return answer.status


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    collected = io.StringIO()
    configure_logs(service="payments", level="DEBUG", stream=collected)
    yield collected
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def running(
    payments_dsn: str, fresh_nats_url: str, cardnet: Cardnet, logs: io.StringIO
) -> AsyncIterator[Running]:
    settings = Settings(
        database_url=Secret(payments_dsn),
        nats_url=Secret(fresh_nats_url),
        vault_keyset=Secret(new_keyset()),
        fingerprint_key=Secret(new_fingerprint_key()),
        processor_url=cardnet.url,
        processor_key=Secret(cardnet.key),
        pages_url="https://cards.sync.example/",
        return_origins=f"{PAGES} https://console.example",
    )
    lifecycle = Lifecycle(health=Health())
    await serve(settings, lifecycle)
    page, calls = lifecycle._servers
    channel = open_channel(f"127.0.0.1:{calls.port}")  # type: ignore[attr-defined] # a GrpcServer
    nats = await connect(Secret(fresh_nats_url), name="tests")
    async with ClientSession() as http:
        stub: Any = PaymentsServiceStub(channel)
        port: int = page.port  # type: ignore[attr-defined] # a PageSite
        yield Running(dsn=payments_dsn, nats=nats, stub=stub, page_port=port, http=http, logs=logs)
    await channel.close(None)
    await nats.close()
    await lifecycle.stop()


async def test_a_card_is_entered_charged_and_refunded_and_everything_is_told(running: Running) -> None:
    charge = await running.charge(await running.card())
    await running.stub.BatchCapture(pb.BatchCaptureRequest(charge_ids=[charge.charge_id]))
    request = pb.RefundRequest(
        context=RequestContext(request_id=str(uuid4())), charge_id=charge.charge_id, amount=charge.amount
    )
    refunded = await running.stub.Refund(request)

    await until(lambda: has(running, 4))

    assert refunded.charge.state == charge_pb2.CHARGE_STATE_REFUNDED
    assert await running.told() == ["CardTokenized", "ChargeAuthorized", "ChargeCaptured", "ChargeRefunded"]


async def test_workers_let_a_hold_lapse_by_themselves(running: Running) -> None:
    await running.charge(await running.card(mint_number(1, card_range=LAPSES)))

    await until(lambda: has(running, 3))

    assert await running.told() == ["CardTokenized", "ChargeAuthorized", "ChargeLapsed"]


async def test_no_number_and_no_cvv_is_anywhere(running: Running) -> None:
    charge = await running.charge(await running.card())
    await running.stub.BatchCapture(pb.BatchCaptureRequest(charge_ids=[charge.charge_id]))
    await until(lambda: has(running, 3))

    messages = await running.raw()
    places = {
        "logs": running.logs.getvalue(),
        "database": await dump(running.dsn),
        "events": " ".join(repr(each.data) + repr(each.headers) for each in messages),
        "pages": running.pages_seen,
        "answers": str(charge),
    }

    assert len(places["database"]) > 1_000
    found = [(place, word) for place, text in places.items() for word in SECRET_WORDS if word in text]
    assert not found
    assert not [place for place, text in places.items() if CVV_WORD.search(text)]
    assert MASK not in places["logs"]


async def has(running: Running, count: int) -> bool:
    return len(await running.raw()) >= count


async def dump(dsn: str) -> str:
    """Write every row of every table as text."""
    database = Database.open(Secret(dsn), application_name="tests")
    async with database.transaction() as connection:
        tables = await fetch_unnest(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [
            row["line"]
            for table in tables
            for row in await fetch_unnest(connection, f"SELECT t::text AS line FROM {table['tablename']} AS t")  # noqa: S608 - names of our own
        ]
    await database.close()
    return "\n".join(rows)
