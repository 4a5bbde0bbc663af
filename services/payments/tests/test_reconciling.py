"""Our ledger against the card network's: a difference is found, and told to a person by order and amount."""

import pytest
from services.payments.tests.cardnet_world import GOOD, Cardnet
from services.payments.tests.payments_world import PRICE, World, asking, charge_of
from structlog.testing import capture_logs

from payments.domain.charge import Charge
from payments.inbound.reconciling import Reconciler
from payments.outbound.http_processor import HttpProcessor
from payments.usecases.ports import Transactions
from payments.usecases.reconcile import reconcile


@pytest.fixture
def transactions(postgres_world: World) -> Transactions:
    return postgres_world.transactions


@pytest.fixture
async def voided_behind_our_back(postgres_world: World, cardnet: Cardnet) -> Charge:
    """A charge that we hold for authorised and the network has given back."""
    token = await cardnet.card(postgres_world.transactions, GOOD)
    charge = charge_of((await postgres_world.desk(cardnet.processor()).authorize([asking(None, card_token=token)]))[0])
    path = f"{cardnet.url}/v1/authorizations/{charge.authorization}/void"
    headers = {"Authorization": f"Bearer {cardnet.key}", "Idempotency-Key": "by-hand"}
    async with cardnet.session.post(path, headers=headers) as answer:
        answer.raise_for_status()
    return charge


async def test_a_difference_between_the_ledgers_is_found(
    voided_behind_our_back: Charge, cardnet: Cardnet, transactions: Transactions
) -> None:
    found = await reconcile(transactions=transactions, processor=cardnet.processor())

    (difference,) = found.differences
    assert (difference.reference, difference.kind.value) == (str(voided_behind_our_back.order_id), "GIVE_BACK")
    assert (difference.ours_minor, difference.theirs_minor) == (0, PRICE.amount_minor)


async def test_a_difference_is_told_to_a_person(
    voided_behind_our_back: Charge, cardnet: Cardnet, transactions: Transactions
) -> None:
    with capture_logs() as logs:
        await Reconciler(transactions=transactions, processor=cardnet.processor()).run_once()

    told, compared = logs
    assert (told["event"], told["order_id"]) == ("ledger_differs", str(voided_behind_our_back.order_id))
    assert (told["kind"], told["ours_minor"], told["theirs_minor"]) == ("GIVE_BACK", 0, PRICE.amount_minor)
    assert (compared["event"], compared["differences"]) == ("ledgers_compared", 1)


async def test_a_processor_whose_ledger_cannot_be_read_is_waited_for(
    cardnet: Cardnet, transactions: Transactions
) -> None:
    away = HttpProcessor(cardnet.session, url="http://127.0.0.1:1", key=cardnet.processor()._key)

    with capture_logs() as logs:
        await Reconciler(transactions=transactions, processor=away).run_once()

    assert [each["event"] for each in logs] == ["reconciliation_waits"]
