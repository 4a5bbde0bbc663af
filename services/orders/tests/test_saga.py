"""The saga's table: what must hold of it whatever happens, in whatever order."""

from dataclasses import replace
from pathlib import Path

import pytest
from services.orders.tests.first_order import CAUSE, received_order
from services.orders.tests.orders_world import START
from services.orders.tests.peers_kept import terms

from kernel.ids import PostId
from kernel.tags import new_confirmation_tag
from orders.domain import saga
from orders.domain.change import advance, looked_at
from orders.domain.chart import chart
from orders.domain.confirming import prompted
from orders.domain.holding import apply_hold, apply_release
from orders.domain.order import Order
from orders.domain.states import Command, Fact, State

README = Path(__file__).parents[1] / "README.md"


def test_final_states_absorb_every_fact() -> None:
    left = [(state, fact) for (state, fact) in saga.TABLE if state in saga.FINAL]

    assert left == []


def test_every_state_is_reached_and_every_state_but_the_final_ones_is_left() -> None:
    entered = {transition.state for transition in saga.TABLE.values()} | set(saga.TOLD_AT_THE_END)

    assert entered | {State.RECEIVED} >= set(State)
    assert {state for state, _ in saga.TABLE} == set(State) - saga.FINAL


def test_the_table_commands_what_the_step_runner_does() -> None:
    commands = {
        (transition.state, transition.command)
        for transition in saga.TABLE.values()
        if transition.state is not None and transition.command is not None
    }

    assert commands == {*saga.STEPPING.items(), (State.CAPTURING, Command.AUTHORIZE)}


def test_every_timed_state_is_entered_with_a_deadline_and_no_other_is() -> None:
    timed = {transition.state for transition in saga.TABLE.values() if transition.deadline is not None}

    assert timed == saga.TIMED | {State.AWAITING_CONFIRMATION, State.VERIFYING}


def test_nothing_asks_for_a_second_step_yet() -> None:
    source = Path(saga.__file__).parents[1]
    using = [
        path.name
        for path in source.rglob("*.py")
        if "VERIFICATION_ASKED" in path.read_text() and path.name not in {"saga.py", "states.py", "chart.py"}
    ]

    assert using == []


def test_the_chart_in_the_readme_is_the_table() -> None:
    assert chart() in README.read_text(), "Print it again: python -m orders.domain.chart"


def test_a_release_without_the_state_it_leads_to_is_a_bug() -> None:
    order = looked_at(received_order())
    broken = looked_at(replace(order.order, state=State.RELEASING))

    with pytest.raises(ValueError, match="without the state it leads to"):
        apply_release(broken, CAUSE)


def test_a_second_step_leads_on_or_runs_out() -> None:
    asked = advance(looked_at(_awaiting()), Fact.VERIFICATION_ASKED, CAUSE)

    assert asked.order.state is State.VERIFYING
    assert asked.order.deadline_at == asked.order.confirm_by
    assert advance(asked, Fact.DEADLINE_PASSED, CAUSE).order.ends_as is State.EXPIRED


def _awaiting() -> Order:
    held = apply_hold(looked_at(received_order()), CAUSE, held=terms(), tag=new_confirmation_tag(lambda n: n - 1))
    return prompted(held, reply_id=PostId("2"), posted_at=START, cause=CAUSE)[0].order
