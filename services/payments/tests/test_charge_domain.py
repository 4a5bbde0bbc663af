"""The rules of a charge alone: whatever comes, no more is taken than held, nor given back than taken."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from services.payments.tests.payments_world import EXPIRES, NOW, PRICE, asking, refund_asked

from kernel.secret import Secret
from payments.domain.authorizing import authorize
from payments.domain.card import ChargeableCard
from payments.domain.charge import ChargeState
from payments.domain.ending import capture, lapse, void
from payments.domain.events import ChargeFactKind
from payments.domain.instruction import instruct
from payments.domain.ledger import Transfer
from payments.domain.operation import (
    ASKED_AGAIN_LAST,
    KEY_RETRIED_FOR,
    Operation,
    OperationState,
)
from payments.domain.outcome import Declined, Done, Gone, Outcome, Unknown
from payments.domain.refunding import refund
from payments.domain.settling import settle_all
from payments.domain.step import Step

CARD = ChargeableCard(processor_token=Secret("p"), last4="0005")
OUTCOMES: list[Outcome] = [
    Done(reference="r", network_reference="n", expires_at=EXPIRES),
    Declined(code="no"),
    Gone(code="gone"),
    Unknown(why="?"),
]
TOLD_ONCE = [kind for kind in ChargeFactKind if kind is not ChargeFactKind.REFUNDED]


class ChargeLife(RuleBasedStateMachine):
    """One charge under any mixture of wishes and outcomes."""

    def __init__(self) -> None:
        super().__init__()
        step = authorize(asking(), known=None, former=None, card=CARD, at=NOW)
        assert isinstance(step, Step)
        assert step.operation is not None
        self.charge, self.operations = step.charge, {step.operation.key: step.operation}
        self.transfers: list[Transfer] = []
        self.told: list[ChargeFactKind] = []

    @rule()
    def wish_capture(self) -> None:
        self._take(capture(self.charge, at=NOW, cause=""))

    @rule()
    def wish_void(self) -> None:
        self._take(void(self.charge, at=NOW, cause=""))

    @precondition(lambda self: self.charge.state is ChargeState.AUTHORIZED)
    @rule()
    def time_passes(self) -> None:
        self._take(lapse(self.charge, at=NOW))

    @rule(amount_minor=st.integers(min_value=1, max_value=PRICE.amount_minor))
    def wish_refund(self, amount_minor: int) -> None:
        self._take(refund(refund_asked(self.charge, amount_minor), charge=self.charge, known=None, at=NOW))

    @precondition(lambda self: bool(self._open()))
    @rule(which=st.integers(min_value=0), outcome=st.sampled_from(OUTCOMES))
    def outcome_comes(self, which: int, outcome: Outcome) -> None:
        opened = self._open()
        pair = (opened[which % len(opened)], outcome)
        settlement = settle_all([pair], charges={self.charge.charge_id: self.charge}, at=NOW)
        self.charge = settlement.charges[self.charge.charge_id]
        self.operations |= {each.key: each for each in [*settlement.operations, *settlement.follow_ups]}
        self.transfers += settlement.transfers
        self.told += [fact.kind for fact in settlement.facts]

    @invariant()
    def no_more_is_taken_than_held_nor_given_back_than_taken(self) -> None:
        charge = self.charge
        assert 0 <= charge.refunded_minor + charge.refunding_minor <= charge.captured_minor <= PRICE.amount_minor

    @invariant()
    def the_ledger_says_what_the_charge_says(self) -> None:
        held = self._balance("cardmember:pending")
        holding = {ChargeState.AUTHORIZED, ChargeState.CAPTURING, ChargeState.VOIDING, ChargeState.LAPSING}
        assert held == (PRICE.amount_minor if self.charge.state in holding else 0)
        assert self._balance("merchant:acme") == self.charge.captured_minor - self.charge.refunded_minor

    @invariant()
    def each_end_is_told_once(self) -> None:
        assert all(self.told.count(kind) <= 1 for kind in TOLD_ONCE)

    @invariant()
    def nothing_waits_without_an_operation(self) -> None:
        waiting = {ChargeState.AUTHORIZING, ChargeState.CAPTURING, ChargeState.VOIDING, ChargeState.LAPSING}
        assert bool(self._open()) is (self.charge.state in waiting or self.charge.refunding_minor > 0)

    def _take(self, step: object) -> None:
        if isinstance(step, Step):
            self.charge = step.charge
            if step.operation is not None:
                assert step.operation.key not in self.operations
                self.operations[step.operation.key] = step.operation

    def _open(self) -> list[Operation]:
        ended = {OperationState.OK, OperationState.FAILED}
        return [each for each in self.operations.values() if each.state not in ended]

    def _balance(self, account: str) -> int:
        moved = [(each.credit_account, each.amount.amount_minor) for each in self.transfers]
        moved += [(each.debit_account, -each.amount.amount_minor) for each in self.transfers]
        return sum(amount for name, amount in moved if name == account)


TestChargeLife = ChargeLife.TestCase
TestChargeLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def operation() -> Operation:
    step = authorize(asking(), known=None, former=None, card=CARD, at=NOW)
    assert isinstance(step, Step)
    assert step.operation is not None
    return step.operation


def test_questions_come_at_growing_pauses_until_the_key_is_too_old() -> None:
    asked, pauses = operation(), []
    for _ in range(12):
        asked = asked.unknown(at=NOW, why="no_answer")
        assert asked.due_at is not None
        pauses.append(asked.due_at - NOW)

    assert pauses[:3] == [timedelta(seconds=0.5), timedelta(seconds=1), timedelta(seconds=2)]
    assert pauses[-1] == ASKED_AGAIN_LAST
    assert asked.unknown(at=NOW + KEY_RETRIED_FOR, why="no_answer").due_at is None


def test_a_new_operation_is_sent_once_leased() -> None:
    new = replace(operation(), state=OperationState.NEW)

    leased = new.sent(at=NOW)

    assert (leased.state, leased.sent(at=NOW).state) == (OperationState.SENT, OperationState.SENT)


@pytest.mark.parametrize(("descriptor", "merchant"), [("ACME KINDLE", "ACME KINDLE"), ("", "acme")])
def test_the_statement_names_the_merchant(descriptor: str, merchant: str) -> None:
    asked = asking(statement_descriptor=descriptor)
    step = authorize(asked, known=None, former=None, card=CARD, at=NOW)
    assert isinstance(step, Step)
    assert step.operation is not None

    instruction = instruct(step.operation, step.charge, cards={asked.card_token: CARD})

    assert (instruction.merchant, instruction.reference) == (merchant, str(asked.order_id))


def test_a_refund_key_is_the_request() -> None:
    step = authorize(asking(), known=None, former=None, card=CARD, at=NOW)
    assert isinstance(step, Step)
    asked = refund_asked(step.charge)

    assert asked.key == f"refund:{asked.request_id}"
