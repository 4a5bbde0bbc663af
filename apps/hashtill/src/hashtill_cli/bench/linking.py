"""Cardmembers for a measurement: made at X, linked through X's consent, the card page and the services' own calls."""

import asyncio
import hashlib
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.identity.v1 import identity_service_pb2 as identity_pb
from hashtill.identity.v1 import identity_service_pb2_grpc
from hashtill.identity.v1.link_pb2 import LINK_STATUS_ACTIVE
from hashtill.payments.v1 import payments_service_pb2 as payments_pb
from hashtill.payments.v1 import payments_service_pb2_grpc
from hashtill_cli.bench.purchases import Buyer
from sandbox.cardnet.card_numbers import mint_number

AT_ONCE_MAX = 16
"""Browsers that link at the same time: enough to keep two cores busy."""

TRIES_MAX = 3
"""A set-up on a busy machine may meet a deadline; the third failure is a real one."""

CALL_SECONDS = 20.0

COOKIE = "hashtill_session"

_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')

_CARD = {
    "expiry": "12/30", "cvv": "1234", "line1": "200 Vesey Street", "line2": "", "city": "New York", "region": "NY",
    "postal_code": "10285", "country": "US",
}  # fmt: skip


class LinkingError(Exception):
    """Somebody could not be linked; the sentence says at which step and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingDesk:
    """What linking needs: a connection pool, X, both services, and where browsers go back to."""

    http: aiohttp.ClientSession
    x_url: str
    return_url: str
    identity: "identity_service_pb2_grpc.IdentityServiceAsyncStub"
    payments: "payments_service_pb2_grpc.PaymentsServiceAsyncStub"


async def link_buyers(count: int, *, desk: LinkingDesk) -> Sequence[Buyer]:
    """Make so many people at X and link each with a card of their own."""
    run = secrets.token_hex(3)
    users = [{"username": f"b{run}{number}", "name": f"Buyer {number}"} for number in range(count)]
    async with desk.http.post(f"{desk.x_url}/sandbox/users", json={"users": users}) as answer:
        made = (await answer.json())["users"]
    places = asyncio.Semaphore(AT_ONCE_MAX)

    async def linked(number: int, user_id: str) -> Buyer:
        buyer = Buyer(user_id=user_id, email=f"b{run}{number}@mail.example")
        async with places:
            await _link(buyer, number, desk=desk)
        return buyer

    return await asyncio.gather(*(linked(number, user["id"]) for number, user in enumerate(made)))


async def _link(buyer: Buyer, number: int, *, desk: LinkingDesk) -> None:
    for tries in range(1, TRIES_MAX + 1):
        try:
            return await _link_once(buyer, number, desk=desk)
        except Exception as problem:
            if tries == TRIES_MAX:
                raise LinkingError(f"{buyer.email} could not be linked: {problem}") from problem
    return None


async def _link_once(buyer: Buyer, number: int, *, desk: LinkingDesk) -> None:
    cookie = secrets.token_hex(16)
    session = hashlib.sha256(cookie.encode()).hexdigest()
    started = await desk.identity.StartLink(
        identity_pb.StartLinkRequest(
            context=_context(), network="x", browser_session=session, name=f"Buyer {number}", email=buyer.email,
            language="en", terms_version="1",
        )
    )  # fmt: skip
    allowed = await _allow(started.authorize_url, buyer, desk=desk)
    completed = await desk.identity.CompleteLink(
        identity_pb.CompleteLinkRequest(
            context=_context(), browser_session=session, state=allowed["state"], code=allowed["code"]
        ),
        timeout=CALL_SECONDS,
    )
    card_session = await _enter_card(number, cookie=cookie, session=session, desk=desk)
    attached = await desk.identity.AttachCard(
        identity_pb.AttachCardRequest(
            context=_context(), link_id=completed.link.link_id, browser_session=session, card_session_id=card_session
        ),
        timeout=CALL_SECONDS,
    )
    if attached.link.status != LINK_STATUS_ACTIVE:
        raise LinkingError(f"the link is not active: {attached.link}")


async def _allow(authorize_url: str, buyer: Buyer, *, desk: LinkingDesk) -> dict[str, str]:
    address = urlsplit(authorize_url)
    form = {**dict(parse_qsl(address.query)), "user_id": buyer.user_id, "decision": "allow"}
    page = f"{address.scheme}://{address.netloc}{address.path}"
    async with desk.http.post(page, data=form, allow_redirects=False) as answer:
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


async def _enter_card(number: int, *, cookie: str, session: str, desk: LinkingDesk) -> str:
    opened = await desk.payments.StartCardSession(
        payments_pb.StartCardSessionRequest(context=_context(), browser_session=session, return_url=desk.return_url)
    )
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    async with desk.http.get(opened.page_url, headers=headers) as answer:
        token = _FORM_TOKEN.search(await answer.text())
    form = {**_CARD, "form_token": token[1] if token else "", "name": f"Buyer {number}", "number": mint_number(number)}
    async with desk.http.post(opened.page_url, headers=headers, data=form, allow_redirects=False) as answer:
        if "Location" not in answer.headers:
            raise LinkingError(f"the card page answered {answer.status}")
    return str(opened.card_session_id)


def _context() -> RequestContext:
    return RequestContext(request_id=str(uuid.uuid4()), actor="bench")
