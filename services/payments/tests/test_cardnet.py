"""Charges against a real card network that loses answers, fails, is slow, declines and lets holds lapse."""

import asyncio
from uuid import uuid4

import pytest
from services.payments.tests.cardnet_world import (
    DECLINED,
    DECLINED_AT_CAPTURE,
    FAILS_ONCE,
    GOOD,
    LAPSES,
    LOST_AFTER,
    LOST_AFTER_CAPTURE,
    LOST_BEFORE,
    SLOW,
    Cardnet,
    entry_of,
    refusal_field,
)
from services.payments.tests.payments_world import PRICE, Hasten, World, asking, charge_of, refund_asked

from kernel.ids import OrderId
from payments.domain.authorizing import AuthorizationAsked
from payments.domain.card import CardProduct, TokenizedCard
from payments.domain.charge import Charge, ChargeState
from payments.domain.instruction import Instruction
from payments.domain.outcome import Outcome, Unknown
from payments.outbound.http_processor import HttpProcessor
from payments.usecases.begin_endings import EndingAsked
from payments.usecases.begin_refund import RefundStanding
from payments.usecases.charge_desk import ChargeDesk
from payments.usecases.lapse_charges import lapse_charges
from payments.usecases.ports import Transactions
from payments.usecases.reconcile import reconcile
from payments.usecases.settle_operations import settle_operations


class Network:
    """Payments on PostgreSQL with the card network as its processor."""

    def __init__(self, world: World, cardnet: Cardnet, *, call_seconds: float = 1.0) -> None:
        self.world, self.cardnet = world, cardnet
        self.processor = cardnet.processor(call_seconds=call_seconds)

    @property
    def transactions(self) -> Transactions:
        return self.world.transactions

    @property
    def hasten(self) -> Hasten:
        return self.world.hasten

    def desk(self) -> ChargeDesk:
        return self.world.desk(self.processor)

    async def asking(self, card_range: str, order_id: OrderId | None = None) -> AuthorizationAsked:
        return asking(order_id, card_token=await self.cardnet.card(self.transactions, card_range))

    async def authorized(self, card_range: str = GOOD) -> Charge:
        return charge_of((await self.desk().authorize([await self.asking(card_range)]))[0])

    async def captured(self, card_range: str = GOOD) -> Charge:
        charge = await self.authorized(card_range)
        return charge_of((await self.desk().capture([EndingAsked(charge_id=charge.charge_id)]))[0])

    async def settled(self, charge: Charge) -> ChargeState:
        await self.hasten()
        for _ in range(3):
            await settle_operations(transactions=self.transactions, processor=self.processor)
        return (await self.world.now(charge)).state

    async def agrees(self) -> None:
        """Hold both ledgers to each other, with nothing left under way."""
        found = await reconcile(transactions=self.transactions, processor=self.processor)
        assert (list(found.differences), found.unsettled) == ([], 0)


@pytest.fixture
def network(postgres_world: World, cardnet: Cardnet) -> Network:
    return Network(postgres_world, cardnet)


async def test_a_purchase_is_authorized_taken_and_refunded_on_both_ledgers(network: Network) -> None:
    charge = await network.captured()

    given = await network.desk().refund(refund_asked(charge, PRICE.amount_minor))

    assert isinstance(given, RefundStanding)
    assert given.charge.state is ChargeState.REFUNDED
    assert charge.expires_at is not None
    assert await network.cardnet.kinds() == ["authorization", "capture", "refund"]
    await network.agrees()


async def test_a_declined_card_is_declined_with_its_code(network: Network) -> None:
    charge = await network.authorized(DECLINED)

    assert (charge.state, charge.decline_code) == (ChargeState.DECLINED, "insufficient_funds")
    await network.agrees()


@pytest.mark.parametrize("card_range", [LOST_AFTER, LOST_BEFORE, FAILS_ONCE])
async def test_an_answer_that_does_not_come_ends_in_one_authorization(network: Network, card_range: str) -> None:
    charge = await network.authorized(card_range)

    state = await network.settled(charge)

    assert (charge.state, state) == (ChargeState.AUTHORIZING, ChargeState.AUTHORIZED)
    assert await network.cardnet.kinds() == ["authorization"]
    await network.agrees()


@pytest.mark.parametrize("kind", ["timeout_after", "timeout_before", "error"])
@pytest.mark.parametrize("operation", ["authorization", "capture", "void", "refund"])
async def test_a_failing_call_is_settled_by_key_and_done_once(network: Network, operation: str, kind: str) -> None:
    charge = await network.authorized() if operation in {"capture", "void"} else None
    charge = await network.captured() if operation == "refund" else charge
    await network.cardnet.arm(operation, kind)

    pending = await do(network, operation, charge)
    state = await network.settled(pending)

    done = {"authorization": ChargeState.AUTHORIZED, "capture": ChargeState.CAPTURED, "void": ChargeState.VOIDED}
    assert state is done.get(operation, ChargeState.REFUNDED)
    assert (await network.cardnet.kinds()).count(operation) == 1
    await network.agrees()


async def test_a_question_that_gets_no_answer_is_asked_again(network: Network) -> None:
    await network.cardnet.arm("authorization", "timeout_after")
    charge = await network.authorized()
    await network.cardnet.arm("query", "error")

    first, second = await network.settled(charge), await network.settled(charge)

    assert (first, second) == (ChargeState.AUTHORIZING, ChargeState.AUTHORIZED)
    await network.agrees()


async def test_a_slow_card_is_pending_and_becomes_known(network: Network, cardnet: Cardnet) -> None:
    slow = Network(network.world, cardnet, call_seconds=0.1)

    charge = await slow.authorized(SLOW)

    assert charge.state is ChargeState.AUTHORIZING
    assert await network.settled(charge) is ChargeState.AUTHORIZED
    assert await cardnet.kinds() == ["authorization"]


async def test_fifty_parallel_identical_requests_make_one_authorization_at_the_network(network: Network) -> None:
    asked = await network.asking(GOOD, OrderId(uuid4()))
    desks = [network.desk() for _ in range(5)]

    answers = await asyncio.gather(*(desks[n % 5].authorize([asked]) for n in range(50)))

    assert len({charge_of(answer[0]).charge_id for answer in answers}) == 1
    assert await network.cardnet.kinds() == ["authorization"]
    await network.agrees()


async def test_a_declined_capture_leaves_no_hold_before_the_next_attempt(network: Network) -> None:
    charge = await network.authorized(DECLINED_AT_CAPTURE)
    await network.desk().capture([EndingAsked(charge_id=charge.charge_id)])

    state = await network.settled(charge)

    assert state is ChargeState.LAPSED
    assert await network.cardnet.kinds() == ["authorization", "void"]
    await network.agrees()


async def test_a_hold_that_ran_out_lapses_by_itself_or_at_its_capture(network: Network) -> None:
    forgotten, taken = await network.authorized(LAPSES), await network.authorized(LAPSES)

    await network.desk().capture([EndingAsked(charge_id=taken.charge_id)])
    found = await lapse_charges(transactions=network.transactions)
    again = await lapse_charges(transactions=network.transactions)

    assert (await network.world.now(taken)).state is ChargeState.LAPSED
    assert await network.settled(forgotten) is ChargeState.LAPSED
    assert (found, again) == (True, False)
    await network.agrees()


async def test_a_capture_whose_answer_is_lost_is_taken_once(network: Network) -> None:
    charge = await network.captured(LOST_AFTER_CAPTURE)

    state = await network.settled(charge)

    assert (charge.state, state) == (ChargeState.CAPTURING, ChargeState.CAPTURED)
    assert await network.cardnet.kinds() == ["authorization", "capture"]
    await network.agrees()


async def test_a_void_while_the_authorization_is_in_flight_leaves_no_hold(network: Network) -> None:
    charge = await network.authorized(LOST_AFTER)
    await network.desk().void([EndingAsked(charge_id=charge.charge_id)])

    state = await network.settled(charge)

    assert state is ChargeState.VOIDED
    assert await network.cardnet.kinds() == ["authorization", "void"]
    await network.agrees()


class DyingProcessor:
    """A processor's adapter in a process that dies right after the network did its work."""

    def __init__(self, real: HttpProcessor) -> None:
        self.real = real
        self.tokenize, self.ask = real.tokenize, real.ask

    async def send(self, instructions: list[Instruction]) -> list[Outcome]:
        await self.real.send(instructions)
        raise RuntimeError("killed between the call and its result")


async def test_dying_after_the_call_makes_no_second_authorization(network: Network) -> None:
    dying = network.world.desk(DyingProcessor(network.processor))  # type: ignore[arg-type] # takes lists, as it is given

    charge = charge_of((await dying.authorize([await network.asking(GOOD)]))[0])
    state = await network.settled(charge)

    assert (charge.state, state) == (ChargeState.AUTHORIZING, ChargeState.AUTHORIZED)
    assert await network.cardnet.kinds() == ["authorization"]
    await network.agrees()


async def test_a_wrong_key_or_a_network_that_is_away_leaves_it_open(network: Network, cardnet: Cardnet) -> None:
    instruction_key = f"auth:{uuid4()}:1"
    refused = cardnet.processor(key="not-our-key")
    away = HttpProcessor(cardnet.session, url="http://127.0.0.1:1", key=network.processor._key)

    answers = [await processor.ask([instruction_key]) for processor in (refused, away)]
    asked = [await network.asking(GOOD), await network.asking(GOOD)]
    charges = await network.world.desk(refused).authorize(asked)

    assert all(isinstance(answer[0], Unknown) for answer in answers)
    assert {charge_of(each).state for each in charges} == {ChargeState.AUTHORIZING}
    assert not isinstance(await refused.tokenize(entry_of("378282246310005"), key="k"), TokenizedCard)
    assert not isinstance(await away.tokenize(entry_of("378282246310005"), key="k"), TokenizedCard)


async def test_cards_are_described_by_the_network_or_refused_with_the_field(cardnet: Cardnet) -> None:
    processor = cardnet.processor()

    gift = await processor.tokenize(entry_of("376600000000003"), key="1")
    refused = [
        await processor.tokenize(entry_of("378282246310005", cvv="2222"), key="2"),
        await processor.tokenize(entry_of("4111111111111111"), key="3"),
    ]

    assert isinstance(gift, TokenizedCard)
    assert (gift.facts.product, gift.facts.last4) == (CardProduct.GIFT, "0003")
    assert [refusal_field(each) for each in refused] == ["cvv", "number"]


async def do(network: Network, operation: str, charge: Charge | None) -> Charge:
    """Ask for one operation; gives the charge as it was answered."""
    if charge is None:
        return await network.authorized()
    asked = [EndingAsked(charge_id=charge.charge_id)]
    if operation == "refund":
        standing = await network.desk().refund(refund_asked(charge, PRICE.amount_minor))
        assert isinstance(standing, RefundStanding)
        assert standing.pending
        return standing.charge
    desk = network.desk()
    return charge_of((await (desk.capture(asked) if operation == "capture" else desk.void(asked)))[0])
