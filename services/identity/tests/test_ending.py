"""Links that are frozen or ended, the same on memory and on PostgreSQL."""

from datetime import timedelta

from services.identity.tests.identity_world import (
    ANN_ON_X,
    ANN_UUID,
    OTHER_BROWSER,
    ToldNetwork,
    World,
    reason_of,
    speaking,
    started,
)

from identity.domain.link import EndReason, Link, LinkStatus
from identity.usecases.end_links import Revoked, end_revoked, unlink
from identity.usecases.freeze_link import Disowned, freeze_disowned, freeze_link
from identity.usecases.read_links import get_link
from identity.usecases.withdraw_access import withdraw_access
from kernel.ids import LinkId, X


async def test_a_frozen_link_speaks_for_its_account_until_it_is_linked_anew(world: World) -> None:
    link = await world.linked()

    frozen = await freeze_link(link.link_id, reason="OPERATOR", transactions=world.transactions)
    again = await freeze_link(link.link_id, reason="OPERATOR", transactions=world.transactions)
    before = await speaking(world)
    anew = await world.linked()

    assert isinstance(before, Link)
    assert before.status is LinkStatus.FROZEN
    assert frozen == again == before
    assert await speaking(world) == anew


async def test_only_links_that_are_there_and_not_over_freeze(world: World) -> None:
    link = await world.linked()
    await unlink(link.link_id, browser_session="", reason=EndReason.OPERATOR, transactions=world.transactions)

    over = await freeze_link(link.link_id, reason="OPERATOR", transactions=world.transactions)
    unknown = await freeze_link(LinkId(ANN_UUID), reason="OPERATOR", transactions=world.transactions)

    assert (reason_of(over), reason_of(unknown)) == ("LINK_ENDED", "LINK_NOT_FOUND")


async def test_a_link_that_buys_nothing_yet_is_not_frozen_beside_the_one_that_buys(world: World) -> None:
    link = await world.linked()
    waiting = await started(world)
    await world.come_back(waiting)

    refused = await freeze_link(waiting.link_id, reason="OPERATOR", transactions=world.transactions)

    assert reason_of(refused) == "LINK_NOT_ACTIVE"
    assert await speaking(world) == link


async def test_a_disowned_order_freezes_its_account_once(world: World) -> None:
    link = await world.linked()
    disowned = Disowned(message_id="20261123-one", account=ANN_ON_X)

    await freeze_disowned([disowned, disowned], transactions=world.transactions)
    anew = await world.linked()
    await freeze_disowned([disowned], transactions=world.transactions)

    former = await get_link(link.link_id, browser_session="", transactions=world.transactions)
    assert isinstance(former, Link)
    assert former.status is LinkStatus.ENDED
    assert await speaking(world) == anew


async def test_disowning_twice_changes_a_frozen_link_no_further(world: World) -> None:
    await world.linked()

    await freeze_disowned([Disowned(message_id="20261123-a", account=ANN_ON_X)], transactions=world.transactions)
    first = await speaking(world)
    await freeze_disowned([Disowned(message_id="20261123-b", account=ANN_ON_X)], transactions=world.transactions)

    assert await speaking(world) == first


async def test_access_withdrawn_before_a_link_was_begun_does_not_end_it(world: World) -> None:
    link = await world.linked()
    before = link.consented_at - timedelta(seconds=1)

    await end_revoked([Revoked(message_id="20261123-r", account=ANN_ON_X, at=before)], transactions=world.transactions)

    assert await speaking(world) == link


async def test_of_several_withdrawals_the_latest_counts(world: World) -> None:
    link = await world.linked()
    revoked = [
        Revoked(message_id=f"20261123-{number}", account=ANN_ON_X, at=link.consented_at + timedelta(seconds=seconds))
        for number, seconds in enumerate((-2, 2, -1))
    ]

    await end_revoked(revoked, transactions=world.transactions)

    assert reason_of(await speaking(world)) == "NOT_LINKED"


async def test_the_network_withdrawing_ends_the_link_and_our_access(world: World) -> None:
    link = await world.linked()

    revoked = Revoked(message_id="20261123-r", account=ANN_ON_X, at=link.consented_at)
    await end_revoked([revoked], transactions=world.transactions)
    done = await withdraw_access(transactions=world.transactions, networks={X: world.network})
    more = await withdraw_access(transactions=world.transactions, networks={X: world.network})

    assert reason_of(await speaking(world)) == "NOT_LINKED"
    assert world.network.withdrawn == ["refresh"]
    assert (done, more) == (True, False)


async def test_access_that_could_not_be_withdrawn_is_withdrawn_later(world: World) -> None:
    link = await world.linked()
    await unlink(link.link_id, browser_session="", reason=EndReason.OPERATOR, transactions=world.transactions)
    away = ToldNetwork(reachable=False)

    failed = await withdraw_access(transactions=world.transactions, networks={X: away})
    later = await withdraw_access(transactions=world.transactions, networks={X: world.network})

    assert (failed, later) == (False, True)
    assert world.network.withdrawn == ["refresh"]


async def test_a_link_that_was_linked_anew_keeps_its_access(world: World) -> None:
    await world.linked()
    await world.linked()

    await withdraw_access(transactions=world.transactions, networks={X: world.network})

    assert world.network.withdrawn == []


async def test_access_that_waits_to_be_withdrawn_is_kept_by_who_links_anew_meanwhile(world: World) -> None:
    former = await world.linked()
    await unlink(former.link_id, browser_session="", reason=EndReason.OPERATOR, transactions=world.transactions)
    anew = await world.linked()

    done = await withdraw_access(transactions=world.transactions, networks={X: world.network})
    await unlink(anew.link_id, browser_session="", reason=EndReason.OPERATOR, transactions=world.transactions)
    later = await withdraw_access(transactions=world.transactions, networks={X: world.network})

    assert (done, later, world.network.withdrawn) == (False, True, ["refresh"])


async def test_only_the_browser_that_linked_may_unlink_and_look(world: World) -> None:
    link = await world.linked()

    stolen = await unlink(
        link.link_id,
        browser_session=OTHER_BROWSER,
        reason=EndReason.CARDMEMBER,
        transactions=world.transactions,
    )
    looked = await get_link(link.link_id, browser_session=OTHER_BROWSER, transactions=world.transactions)
    unknown = await unlink(
        LinkId(ANN_UUID), browser_session="", reason=EndReason.OPERATOR, transactions=world.transactions
    )

    assert reason_of(stolen) == reason_of(looked) == "SESSION_MISMATCH"
    assert reason_of(unknown) == "LINK_NOT_FOUND"


async def test_unlinking_twice_is_unlinking_once(world: World) -> None:
    link = await world.linked()

    first = await unlink(
        link.link_id,
        browser_session=link.browser_session,
        reason=EndReason.CARDMEMBER,
        transactions=world.transactions,
    )
    second = await unlink(link.link_id, browser_session="", reason=EndReason.OPERATOR, transactions=world.transactions)

    assert first == second
    assert isinstance(first, Link)
    assert first.refusal_reason == EndReason.CARDMEMBER
