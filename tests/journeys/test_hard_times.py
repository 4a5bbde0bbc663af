"""Hard times: services killed, peers silent and the broker's store lost in the middle of purchases; nothing is lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from grpc import aio
from tests.journeys.running import RunningSuite, forked_again

from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.scenarios.expecting import VOIDED, completed, ended, stock
from hashtill_cli.scenarios.outcome import Expectation, Finding, look
from hashtill_cli.scenarios.waiting import eventually, must
from hashtill_cli.scenarios.world.campaign import open_trial_house
from hashtill_cli.scenarios.world.purchase import PROMPT_MAIL, RECEIPT_MAIL, TAKEN_BACK_MAIL, Purchase
from hashtill_cli.scenarios.world.world import World, open_world

END_SECONDS_MAX = 90.0
"""A killed process' work comes again when its lease runs out (a mail's: 60 s), and is then shipped as ever."""

SILENT_SECONDS = 4.0
"""Longer than a call to a peer may take."""

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def world_of(suite: RunningSuite) -> AsyncIterator[World]:
    async with open_world(suite.book.processes, keyring=suite.keyring) as world:
        await open_trial_house(world.services)
        yield world


async def wrong(expectations: list[Expectation]) -> list[Finding]:
    """Look at each until it holds; gives those that never did."""
    return [finding for finding in await look(expectations, seconds=END_SECONDS_MAX) if not finding.holds]


async def confirmed(purchase: Purchase) -> str:
    """Confirm by a reply; gives its id."""
    prompt = await purchase.prompt()
    return await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")


async def _answers(purchase: Purchase) -> bool:
    """Whether everything that is asked in the end answers: a connection is made again only after a while."""
    try:
        await asyncio.gather(purchase.state(), purchase.stock(), purchase.ledger())
    except aio.AioRpcError:
        return False
    return True


def process_of(suite: RunningSuite, service: str) -> psutil.Process:
    process = suite.service(service)
    assert process is not None
    return process


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_killed_amid_a_purchase_does_not_cost_it(suite: RunningSuite, service: str) -> None:
    async with world_of(suite) as world:
        purchase = await world.purchase("Desk Fan", "Rosa")
        prompt = await purchase.prompt()
        doomed = process_of(suite, service)
        answer = await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")
        doomed.kill()
        await asyncio.to_thread(doomed.wait)
        again = await forked_again(suite, service)
        await must(lambda: _answers(purchase), bool, what="every service answering")

        assert again.pid != doomed.pid
        assert await wrong(completed(purchase, confirmed_by=[answer])) == []


async def test_posts_wait_for_an_identity_that_is_silent(suite: RunningSuite) -> None:
    async with world_of(suite) as world:
        offer, member = await asyncio.gather(world.offer("Wool Hat"), world.member("Tove"))
        silent = process_of(suite, "identity")
        silent.suspend()
        try:
            purchase = await world.buy(member, offer)
            before = await eventually(lambda: world.services.verdicts(purchase.post_id), bool, seconds=SILENT_SECONDS)
        finally:
            silent.resume()
        answer = await confirmed(purchase)

        assert before == []
        assert await wrong(completed(purchase, confirmed_by=[answer])) == []


async def test_not_me_gives_the_money_and_the_unit_back_and_freezes_the_account(suite: RunningSuite) -> None:
    async with world_of(suite) as world:
        purchase = await world.purchase("Lamp Shade", "Runa")
        await confirmed(purchase)
        receipt = await purchase.mail(RECEIPT_MAIL)
        page = await purchase.member.browser.open(receipt.link("not-me"))
        await purchase.member.browser.send(page, page.form(button="not me"))
        mails = {PROMPT_MAIL: 1, RECEIPT_MAIL: 1, TAKEN_BACK_MAIL: 1}
        over = ended(purchase, "VOIDED", charges=VOIDED, ledger=("AUTHORIZE", "VOID"), mails=mails)

        assert await wrong([*over, stock(purchase, (purchase.offer.stock, 0, 0))]) == []
        again = await world.buy(purchase.member, purchase.offer)
        verdicts = await must(lambda: world.services.verdicts(again.post_id), bool, what="a verdict on the next post")
        assert verdicts == ["REFUSED LINK_FROZEN"]


async def test_a_purchase_goes_on_after_the_broker_lost_its_store_under_it(suite: RunningSuite) -> None:
    async with world_of(suite) as world:
        purchase = await world.purchase("Salt Mill", "Vera")
        prompt = await purchase.prompt()
        broker = next(process for process in suite.processes() if process.name() == "nats-server")
        broker.suspend()
        shutil.rmtree(suite.data / "nats" / "jetstream")
        broker.kill()
        answer = await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")

        assert await wrong(completed(purchase, confirmed_by=[answer])) == []


async def test_an_order_goes_on_when_the_store_was_lost_between_stop_and_start(suite: RunningSuite) -> None:
    async with world_of(suite) as world:
        before = await world.purchase("Pepper Mill", "Vito")
        await confirmed(before)
        await before.until("AUTHORIZED", "READY_TO_SHIP")
    suite.stop()
    shutil.rmtree(suite.data / "nats" / "jetstream")
    suite.start()

    async with world_of(suite) as world:
        state = await must(
            lambda: world.services.state(before.post_id), lambda state: state == "COMPLETED", what="the order's end"
        )
        after = await world.purchase("Herb Mill", "Vivi")
        answer = await confirmed(after)

        assert state == "COMPLETED"
        assert await wrong(completed(after, confirmed_by=[answer])) == []
