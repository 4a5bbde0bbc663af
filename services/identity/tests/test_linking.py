"""A link from its start to its end, the same on memory and on PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from services.identity.tests.identity_world import (
    ANN,
    ANN_CONTACT,
    ANN_ON_X,
    ANN_UUID,
    BROWSER,
    CARD,
    NOW,
    OTHER_BROWSER,
    World,
    card,
    reason_of,
    speaking,
    started,
)

from chassis.data_testing import until
from chassis.unnest import fetch_unnest
from identity.domain.authorization import STATE_LIFETIME, Authorization
from identity.domain.card import CardProduct
from identity.domain.contact import Cardmember, OptOut
from identity.domain.link import Account, EndReason, Link, LinkStatus, activate
from identity.outbound.memory import MemoryStore
from identity.outbound.postgres import PostgresTransactions
from identity.usecases.attach_card import apply_card
from identity.usecases.complete_link import apply_grant
from identity.usecases.forget_authorizations import AUTHORIZATIONS_KEPT, forget_authorizations
from identity.usecases.ports import Grant, LinkFilter, PageCursor
from identity.usecases.read_contacts import batch_get_contacts
from identity.usecases.read_links import get_link, list_links
from identity.usecases.set_opt_outs import set_opt_outs
from kernel.ids import CardmemberId, LinkId, NetworkUserId
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret

ANOTHER = Cardmember(cardmember_id=CardmemberId(ANN_UUID), account_reference="another", contact=ANN_CONTACT)
"""Whoever had a card of another account at hand."""


async def test_a_link_becomes_active_with_card_and_account(world: World) -> None:
    link = await world.linked()

    assert link.status is LinkStatus.ACTIVE
    assert (link.card_token, link.card_last4, link.ship_to_region) == ("tok_1", "0005", "NY")
    assert await speaking(world) == link


async def test_another_browser_cannot_finish_a_link(world: World) -> None:
    link = await started(world)

    stolen = await world.come_back(link, browser=OTHER_BROWSER)

    assert reason_of(stolen) == "SESSION_MISMATCH"
    assert reason_of(await world.come_back(link)) == "LINK_STATE_UNKNOWN"


async def test_another_browser_cannot_attach_its_card(world: World) -> None:
    link = await started(world)
    await world.come_back(link)

    assert reason_of(await world.attach(link.link_id, browser=OTHER_BROWSER)) == "SESSION_MISMATCH"


async def test_a_state_is_good_once(world: World) -> None:
    link = await started(world)
    await world.come_back(link)

    assert reason_of(await world.come_back(link)) == "LINK_STATE_UNKNOWN"


async def test_a_code_the_network_refuses_leaves_no_account(world: World) -> None:
    world.network.answer = Refusal(kind=RefusalKind.PRECONDITION, reason="CODE_REFUSED", message="no")
    link = await started(world)

    assert reason_of(await world.come_back(link)) == "CODE_REFUSED"
    assert reason_of(await speaking(world)) == "NOT_LINKED"


async def test_a_protected_account_is_refused_at_the_link(world: World) -> None:
    world.network.answer = Grant(account=replace(ANN, protected=True), token=Secret("t"))
    link = await started(world)

    assert reason_of(await world.come_back(link)) == "ACCOUNT_PROTECTED"


async def test_a_refused_card_is_remembered_and_another_may_follow(world: World) -> None:
    link = await started(world)
    await world.come_back(link)
    world.cards.answer = card(product=CardProduct.PREPAID)

    refused = await world.attach(link.link_id)
    remembered = await speaking(world)
    world.cards.answer = card()
    activated = await world.attach(link.link_id)

    assert reason_of(refused) == "CARD_PREPAID"
    assert isinstance(remembered, Link)
    assert (remembered.status, remembered.refusal_reason) == (LinkStatus.CARD_REFUSED, "CARD_PREPAID")
    assert isinstance(activated, Link)
    assert activated.status is LinkStatus.ACTIVE


async def test_what_payments_refuses_passes_through(world: World) -> None:
    link = await started(world)
    await world.come_back(link)
    world.cards.answer = Refusal(kind=RefusalKind.PRECONDITION, reason="CARD_SESSION_EMPTY", message="no card")

    assert reason_of(await world.attach(link.link_id)) == "CARD_SESSION_EMPTY"


async def test_an_active_link_takes_no_second_card(world: World) -> None:
    link = await world.linked()

    assert reason_of(await world.attach(link.link_id)) == "LINK_NOT_WAITING"


async def test_no_card_is_attached_to_a_link_that_is_not(world: World) -> None:
    unknown = LinkId(ANN_UUID)

    assert reason_of(await world.attach(unknown)) == "LINK_NOT_FOUND"
    assert reason_of(await get_link(unknown, browser_session="", transactions=world.transactions)) == "LINK_NOT_FOUND"


async def test_linking_anew_ends_the_former_link_and_keeps_the_cardmember(world: World) -> None:
    former = await world.linked()

    anew = await world.linked()

    ended = await get_link(former.link_id, browser_session="", transactions=world.transactions)
    assert isinstance(ended, Link)
    assert (ended.status, ended.refusal_reason) == (LinkStatus.ENDED, EndReason.RELINKED)
    assert anew.cardmember_id == former.cardmember_id
    assert await speaking(world) == anew


async def test_two_accounts_of_one_card_account_are_one_cardmember(world: World) -> None:
    first = await world.linked()

    second = await world.linked(Account(network_user_id=NetworkUserId("43"), handle="Ann2", protected=False))

    assert second.cardmember_id == first.cardmember_id


async def test_a_state_is_over_after_ten_minutes(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    link = await started(world)
    memory.at = NOW + STATE_LIFETIME

    assert reason_of(await world.come_back(link)) == "LINK_STATE_EXPIRED"


async def test_authorizations_nobody_came_back_from_are_forgotten_a_day_after_their_end(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    link = await started(world)
    memory.at = NOW + STATE_LIFETIME + AUTHORIZATIONS_KEPT
    await started(world)

    early = await forget_authorizations(transactions=world.transactions)
    memory.at += timedelta(seconds=1)
    await forget_authorizations(transactions=world.transactions)

    assert not early
    assert reason_of(await world.come_back(link)) == "LINK_STATE_UNKNOWN"


async def test_the_oldest_authorizations_are_forgotten_so_many_at_a_time(world: World) -> None:
    begun = await started(world)
    authorizations = [
        Authorization(
            state=Secret(state),
            verifier=Secret("verifier"),
            link_id=begun.link_id,
            browser_session=BROWSER,
            expires_at=NOW - timedelta(days=days),
        )
        for state, days in (("two", 2), ("three", 3), ("now", 0))
    ]
    async with world.transactions.begin() as unit:
        for each in authorizations:
            await unit.authorizations.add(each)

        forgotten = [await unit.authorizations.forget_before(NOW, limit=1) for _ in range(3)]
        left = [await unit.authorizations.take(state) for state in ("two", "three", "now")]

    assert forgotten == [1, 1, 0]
    assert left == [None, None, authorizations[-1]]


async def test_who_changes_a_link_last_of_two_changes_nothing(world: World) -> None:
    begun = await started(world)
    async with world.transactions.begin() as unit:
        stale = (await unit.links.by_ids([begun.link_id]))[begun.link_id]
    grant = Grant(account=ANN, token=Secret("refresh"))

    first = await apply_grant(stale, grant, transactions=world.transactions)
    second = await apply_grant(stale, grant, transactions=world.transactions)
    assert isinstance(first, Link)
    won = await apply_card(first, CARD, transactions=world.transactions)
    lost = await apply_card(first, CARD, transactions=world.transactions)

    assert reason_of(second) == "LINK_STATE_UNKNOWN"
    assert won == await speaking(world)
    assert reason_of(lost) == "LINK_NOT_WAITING"


async def test_two_links_of_one_account_that_get_their_cards_at_once_leave_one(
    postgres: PostgresTransactions,
) -> None:
    world = World(postgres)
    begun = [await started(world) for _ in range(2)]
    first, second = [await world.come_back(each) for each in begun]
    assert isinstance(first, Link)
    assert isinstance(second, Link)
    async with postgres.begin() as unit:
        cardmember = await unit.cardmembers.upsert(ANOTHER, at=unit.at)
        await unit.links.holding([ANN_ON_X])
        await unit.links.save([activate(first, CARD, cardmember.cardmember_id, at=unit.at)])
        attaching = asyncio.create_task(apply_card(second, CARD, transactions=postgres))
        await until(lambda: _somebody_waits(postgres))

    assert await attaching == await speaking(world)


async def _somebody_waits(postgres: PostgresTransactions) -> bool:
    async with postgres.begin() as unit:
        waiting = "SELECT true FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(await fetch_unnest(unit.connection, waiting))


async def test_a_network_that_is_not_served_is_refused(world: World) -> None:
    assert reason_of(await world.start(network="orkut")) == "NETWORK_NOT_SERVED"


async def test_bad_contact_details_are_refused(world: World) -> None:
    assert reason_of(await world.start(contact=replace(ANN_CONTACT, email="nobody"))) == "INVALID_FIELD"


async def test_contacts_come_with_opt_outs_and_unknown_ones_as_refusals(world: World) -> None:
    link = await world.linked()
    assert link.cardmember_id is not None

    await set_opt_outs(link.cardmember_id, opt_outs=[OptOut.RECEIPT_REPLIES], transactions=world.transactions)
    found, unknown = await batch_get_contacts(
        [link.cardmember_id, CardmemberId(ANN_UUID)], transactions=world.transactions
    )

    assert not isinstance(found, Refusal)
    assert found.contact == ANN_CONTACT
    assert found.opt_outs == {OptOut.RECEIPT_REPLIES}
    assert reason_of(unknown) == "CARDMEMBER_NOT_FOUND"


async def test_opt_outs_of_nobody_are_refused(world: World) -> None:
    outcome = await set_opt_outs(CardmemberId(ANN_UUID), opt_outs=[], transactions=world.transactions)

    assert reason_of(outcome) == "CARDMEMBER_NOT_FOUND"


async def test_links_are_listed_page_by_page_and_by_who(world: World) -> None:
    accounts = [Account(network_user_id=NetworkUserId(str(n)), handle=f"H{n}", protected=False) for n in range(5)]
    for account in accounts:
        await world.linked(account)

    first = await list_links(LinkFilter(network="x"), after=None, limit=3, transactions=world.transactions)
    cursor = PageCursor(updated_at=first[-1].updated_at, link_id=first[-1].link_id)
    rest = await list_links(LinkFilter(network="x"), after=cursor, limit=3, transactions=world.transactions)
    by_handle = await list_links(LinkFilter(handle="h3"), after=None, limit=3, transactions=world.transactions)
    by_member = await list_links(
        LinkFilter(cardmember_id=first[0].cardmember_id), after=None, limit=9, transactions=world.transactions
    )

    assert len({link.link_id for link in (*first, *rest)}) == 5
    assert [link.handle for link in by_handle] == ["H3"]
    assert len(by_member) == 5
