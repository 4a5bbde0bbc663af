import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.simulation.campaign import Sum, lines_of, play_all
from tests.simulation.chance import Fault
from tests.simulation.coverage import never_struck

from orders.domain.saga import TABLE
from orders.domain.states import Fact, State

pytestmark = pytest.mark.timeout(900)  # the first test to ask plays all seeds

SEEDS = 40
ORDERS_A_SEED = 20
CALM_SEED, MANY_ORDERS = 18, 50
"""A seed without faults, so every order that is asked for is made."""

MUST_BE_TAKEN = frozenset(
    {
        (State.HOLDING, Fact.HOLD_REFUSED),
        (State.PROMPTING, Fact.TAKEN_BACK),
        (State.PROMPTING, Fact.POST_DELETED),
        (State.AWAITING_CONFIRMATION, Fact.DEADLINE_PASSED),
        (State.AWAITING_CONFIRMATION, Fact.POST_DELETED),
        (State.AUTHORIZING, Fact.DECLINED),
        (State.AUTHORIZED, Fact.TAKEN_BACK),
        (State.AUTHORIZED, Fact.LAPSED),
        (State.READY_TO_SHIP, Fact.DEADLINE_PASSED),
        (State.SHIPPING, Fact.DEADLINE_PASSED),
        (State.CAPTURING, Fact.LAPSED),
        (State.REFUNDING, Fact.REFUNDED_WHOLE),
        (State.NEEDS_ATTENTION, Fact.SHIPPED),
    }
)
"""Steps that a few dozen seeds are sure to take; a campaign of a thousand takes all that are possible."""


@pytest.fixture(scope="module")
def total() -> Sum:
    with unmeasured():
        return play_all(range(SEEDS))


@contextmanager
def unmeasured() -> Iterator[None]:
    """Measure no coverage, which doubles what a seed costs: what chance takes counts for no branch as tested."""
    tracing = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracing)


def test_every_seed_keeps_every_promise(total: Sum) -> None:
    assert total.failed == {}, "make simulate SEED=… tells why"


def test_a_seed_plays_twenty_orders_and_more(total: Sum) -> None:
    assert total.orders >= SEEDS * ORDERS_A_SEED


def test_a_seed_plays_as_many_orders_as_it_is_asked_for() -> None:
    with unmeasured():
        played = play_all([CALM_SEED], orders_least=MANY_ORDERS)

    assert played.orders >= MANY_ORDERS
    assert played.failed == {}


@pytest.mark.parametrize("fault", list(Fault))
def test_every_kind_of_fault_strikes(total: Sum, fault: Fault) -> None:
    assert fault not in never_struck(total.faults)


def test_the_saga_is_walked_far_and_wide(total: Sum) -> None:
    assert total.steps.keys() <= TABLE.keys()
    assert MUST_BE_TAKEN - total.steps.keys() == set()


def test_a_campaign_says_what_it_saw(total: Sum) -> None:
    said = "\n".join(lines_of(total, 2.0))

    assert f"{SEEDS} seeds" in said
    assert f"{SEEDS / 2:.2f} seeds/s" in said
    assert "failed: none" in said
