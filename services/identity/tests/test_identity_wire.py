"""Identity over the wire: what is asked badly is refused with its field, what is asked twice is done once."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc
import pytest
from grpc import aio
from services.identity.tests.identity_world import APPS, BROWSER, OTHER_BROWSER, ToldCards, ToldNetwork

from chassis.refusal_status import refusal_from_status, refusal_of
from chassis.testing import served
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.identity.v1 import identity_service_pb2 as pb
from hashtill.identity.v1 import link_pb2
from hashtill.identity.v1.identity_service_pb2_grpc import (
    IdentityServiceStub,
    add_IdentityServiceServicer_to_server,
)
from identity.inbound.link_servicer import LinkParts
from identity.inbound.servicer import IdentityServicer
from identity.outbound.postgres import PostgresTransactions, requests_of
from kernel.ids import X

EVERY: Any = (1, 2)
NOT_YET_KNOWN: Any = 9


@pytest.fixture
def network() -> ToldNetwork:
    return ToldNetwork()


@pytest.fixture
async def stub(postgres: PostgresTransactions, network: ToldNetwork) -> AsyncIterator[Any]:
    parts = LinkParts(apps=APPS, networks={X: network}, cards=ToldCards(), programme_country="US")
    servicer = IdentityServicer(postgres, requests=requests_of, parts=parts)
    async with served((add_IdentityServiceServicer_to_server, servicer)) as channel:
        yield IdentityServiceStub(channel)


async def reason_of(call: Any) -> str:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None, caught.value
    assert caught.value.code() is not grpc.StatusCode.INTERNAL
    return f"{refusal.reason}:{refusal.facts.get('field', '')}".rstrip(":")


def context() -> RequestContext:
    return RequestContext(request_id=str(uuid4()), actor="test")


def start(**changes: Any) -> pb.StartLinkRequest:
    wanted: dict[str, Any] = {
        "context": context(),
        "network": "x",
        "browser_session": BROWSER,
        "name": "Ann",
        "email": "ann@example.com",
        "terms_version": "1",
    }
    return pb.StartLinkRequest(**(wanted | changes))


def complete(started: pb.StartLinkResponse, *, browser: str = BROWSER) -> pb.CompleteLinkRequest:
    state = started.authorize_url.split("state=")[1].split("&")[0]
    return pb.CompleteLinkRequest(context=context(), browser_session=browser, state=state, code="code")


def attach(link_id: str, *, browser: str = BROWSER) -> pb.AttachCardRequest:
    return pb.AttachCardRequest(context=context(), link_id=link_id, browser_session=browser, card_session_id="session")


async def linked(stub: Any) -> link_pb2.Link:
    started = await stub.StartLink(start())
    await stub.CompleteLink(complete(started))
    answer = await stub.AttachCard(attach(started.link_id))
    link: link_pb2.Link = answer.link
    return link


async def test_a_link_is_made_over_the_wire(stub: Any) -> None:
    link = await linked(stub)

    answer = await stub.BatchGetLinks(
        pb.BatchGetLinksRequest(keys=[link_pb2.LinkKey(network="x", network_user_id="42")])
    )

    assert link.status == link_pb2.LINK_STATUS_ACTIVE
    assert answer.results[0].link == link


async def test_a_request_sent_again_gets_the_first_answer(stub: Any) -> None:
    request = start()

    first, second = await stub.StartLink(request), await stub.StartLink(request)
    completing = complete(first)
    done, again = await stub.CompleteLink(completing), await stub.CompleteLink(completing)

    assert first == second
    assert done == again


async def test_a_request_id_with_other_contents_is_refused(stub: Any) -> None:
    request = start()
    await stub.StartLink(request)
    request.name = "Eve"

    assert await reason_of(stub.StartLink(request)) == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"context": RequestContext()}, "context.request_id"),
        ({"context": RequestContext(request_id="7")}, "context.request_id"),
        ({"network": ""}, "network"),
        ({"browser_session": ""}, "browser_session"),
        ({"browser_session": "c" * 65}, "browser_session"),
        ({"name": ""}, "name"),
        ({"email": "nobody"}, "email"),
        ({"language": "??"}, "language"),
        ({"terms_version": ""}, "terms_version"),
    ],
)
async def test_a_bad_field_is_named(stub: Any, changes: dict[str, Any], field: str) -> None:
    assert await reason_of(stub.StartLink(start(**changes))) == f"INVALID_FIELD:{field}"


async def test_a_stolen_return_is_refused_and_spends_the_state(stub: Any) -> None:
    started = await stub.StartLink(start())

    assert await reason_of(stub.CompleteLink(complete(started, browser=OTHER_BROWSER))) == "SESSION_MISMATCH"
    assert await reason_of(stub.CompleteLink(complete(started))) == "LINK_STATE_UNKNOWN"


async def test_items_of_a_batch_are_refused_one_by_one(stub: Any) -> None:
    await linked(stub)
    keys = [("", "42"), ("x", "42"), ("x", "43")]

    answer = await stub.BatchGetLinks(
        pb.BatchGetLinksRequest(keys=[link_pb2.LinkKey(network=n, network_user_id=u) for n, u in keys])
    )

    reasons = [refusal_from_status(each.status) for each in answer.results]
    assert [each.reason if each else None for each in reasons] == ["INVALID_FIELD", None, "NOT_LINKED"]


async def test_batches_are_bounded(stub: Any) -> None:
    keys = [link_pb2.LinkKey(network="x", network_user_id=str(n)) for n in range(201)]

    assert await reason_of(stub.BatchGetLinks(pb.BatchGetLinksRequest())) == "INVALID_FIELD:keys"
    assert await reason_of(stub.BatchGetLinks(pb.BatchGetLinksRequest(keys=keys))) == "INVALID_FIELD:keys"


async def test_contacts_are_given_item_by_item(stub: Any) -> None:
    link = await linked(stub)

    answer = await stub.BatchGetContacts(
        pb.BatchGetContactsRequest(cardmember_ids=[link.cardmember_id, "nobody", str(uuid4())])
    )

    assert answer.results[0].contact.email == "ann@example.com"
    reasons = [refusal_from_status(each.status) for each in answer.results[1:]]
    assert [each.reason for each in reasons if each] == ["INVALID_FIELD", "CARDMEMBER_NOT_FOUND"]


async def test_opt_outs_are_replaced_and_unknown_ones_refused(stub: Any) -> None:
    link = await linked(stub)
    wanted = pb.SetOptOutsRequest(context=context(), cardmember_id=link.cardmember_id, opt_outs=EVERY)
    unknown = pb.SetOptOutsRequest(context=context(), cardmember_id=link.cardmember_id, opt_outs=[NOT_YET_KNOWN])

    answer = await stub.SetOptOuts(wanted)

    assert list(answer.contact.opt_outs) == [1, 2]
    assert await reason_of(stub.SetOptOuts(unknown)) == "INVALID_FIELD:opt_outs"


async def test_links_are_read_listed_frozen_and_ended(stub: Any) -> None:
    link = await linked(stub)

    read = await stub.GetLink(pb.GetLinkRequest(link_id=link.link_id, browser_session=BROWSER))
    listed = await stub.ListLinks(pb.ListLinksRequest(handle="@ANN", page_size=1))
    frozen = await stub.FreezeLink(pb.FreezeLinkRequest(context=context(), link_id=link.link_id, reason="OPERATOR"))
    ended = await stub.Unlink(pb.UnlinkRequest(context=context(), link_id=link.link_id, browser_session=BROWSER))

    assert read.link == link
    assert [each.link_id for each in listed.links] == [link.link_id]
    assert frozen.link.status == link_pb2.LINK_STATUS_FROZEN
    assert (ended.link.status, ended.link.refusal_reason) == (link_pb2.LINK_STATUS_ENDED, "CARDMEMBER")


async def test_pages_follow_each_other_and_bad_tokens_are_refused(stub: Any) -> None:
    for _ in range(3):
        await stub.StartLink(start())

    first = await stub.ListLinks(pb.ListLinksRequest(page_size=2))
    rest = await stub.ListLinks(pb.ListLinksRequest(page_size=2, page_token=first.next_page_token))

    assert (len(first.links), len(rest.links), rest.next_page_token) == (2, 1, "")
    assert await reason_of(stub.ListLinks(pb.ListLinksRequest(page_token="rubbish"))) == "INVALID_FIELD:page_token"
    assert await reason_of(stub.ListLinks(pb.ListLinksRequest(page_size=-1))) == "INVALID_FIELD:page_size"


@pytest.mark.parametrize("method", ["GetLink", "FreezeLink", "Unlink", "AttachCard"])
async def test_ids_that_are_none_are_refused(stub: Any, method: str) -> None:
    request_type = getattr(pb, f"{method}Request")
    given: dict[str, Any] = {"link_id": "7", "browser_session": BROWSER} if method != "FreezeLink" else {"link_id": "7"}
    if method != "GetLink":
        given["context"] = context()

    assert await reason_of(getattr(stub, method)(request_type(**given))) == "INVALID_FIELD:link_id"


async def test_every_change_refuses_its_request_id_with_other_contents(stub: Any) -> None:
    started = await stub.StartLink(start())
    changes: list[tuple[str, Any, str]] = [("CompleteLink", complete(started), "code")]
    changes.append(("AttachCard", attach(started.link_id), "card_session_id"))
    cardmember_id = ""
    for method, request, changed in changes:
        answer = await getattr(stub, method)(request)
        cardmember_id = answer.link.cardmember_id
        setattr(request, changed, "another")
        assert await reason_of(getattr(stub, method)(request)) == "REQUEST_ID_REUSED"

    opt_outs = pb.SetOptOutsRequest(context=context(), cardmember_id=cardmember_id, opt_outs=EVERY)
    freeze = pb.FreezeLinkRequest(context=context(), link_id=started.link_id, reason="OPERATOR")
    unlink = pb.UnlinkRequest(context=context(), link_id=started.link_id, browser_session=BROWSER)
    for method, request in (("SetOptOuts", opt_outs), ("FreezeLink", freeze), ("Unlink", unlink)):
        first = await getattr(stub, method)(request)
        assert await getattr(stub, method)(request) == first
        request.context.actor = "somebody else"
        assert await getattr(stub, method)(request) == first

    opt_outs.ClearField("opt_outs")
    freeze.reason = "OTHER"
    unlink.browser_session = ""
    assert await reason_of(stub.SetOptOuts(opt_outs)) == "REQUEST_ID_REUSED"
    assert await reason_of(stub.FreezeLink(freeze)) == "REQUEST_ID_REUSED"
    assert await reason_of(stub.Unlink(unlink)) == "REQUEST_ID_REUSED"
