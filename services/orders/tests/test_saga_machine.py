"""The saga under every fact in every order: a state machine answers its commands as peers would."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from services.orders.tests.first_order import received_order
from services.orders.tests.orders_world import LIMITS, START
from services.orders.tests.peers_kept import no, terms, usd

from kernel.ids import ChargeId, PostId
from kernel.tags import new_confirmation_tag
from orders.domain import saga
from orders.domain.change import Cause, Change, advance, looked_at
from orders.domain.charging import ChargeSeen, ChargeState, apply_charge, stuck
from orders.domain.confirming import confirm, prompted
from orders.domain.holding import apply_commit, apply_hold, apply_lost_link, apply_release
from orders.domain.order import Confirmation, ConfirmationKind, Order
from orders.domain.overdue import expire, pass_deadline
from orders.domain.shipping import accept, record_shipment, request_return
from orders.domain.states import CancelReason, Command, Event, Fact, State
from orders.domain.taking_back import delete_post, lose_link, take_back


@dataclass
class Outside:
    """What the order made happen outside: holds, authorizations, money."""

    hold: str = "NONE"
    charges: dict[int, ChargeState] = field(default_factory=dict)
    captured_minor: int = 0
    refunded_minor: int = 0
    told: list[Event] = field(default_factory=list)


class Saga(RuleBasedStateMachine):
    """Throws every fact at an order in every order, answering its commands as peers would."""

    def __init__(self) -> None:
        super().__init__()
        self.order, self.outside, self.at = received_order(), Outside(), START

    def _cause(self) -> Cause:
        return Cause(at=self.at, limits=LIMITS)

    def _take(self, change: object) -> None:
        if not isinstance(change, Change):
            return
        was_final = self.order.state in saga.FINAL
        assert not (was_final and change.order.state is not self.order.state), "a final state was left"
        assert change.order.version == self.order.version + len(change.steps)
        self.outside.told += [told.event for told in change.told]
        self.order = change.order

    @rule(seconds=st.integers(1, 4_000))
    def time_passes(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)
        self._take(pass_deadline(looked_at(self.order), self._cause()))
        self._take(expire(looked_at(self.order), self.at - LIMITS.slack, self._cause()))

    @rule(sold_out=st.booleans())
    def hold_answers(self, sold_out: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        if self.order.state is State.HOLDING and not sold_out:
            self.outside.hold = "HELD"
        held = no("SOLD_OUT") if sold_out else terms()
        if self.order.state is State.HOLDING or self.outside.hold != "HELD":
            tag = new_confirmation_tag(lambda n: n - 1)
            self._take(apply_hold(looked_at(self.order), self._cause(), held=held, tag=tag))

    @rule(seconds=st.integers(0, 30))
    def reply_is_posted(self, seconds: int) -> None:
        posted_at = self.at + timedelta(seconds=seconds)
        self._take(prompted(looked_at(self.order), reply_id=PostId("2"), posted_at=posted_at, cause=self._cause())[0])

    @rule()
    def reply_fails(self) -> None:
        self._take(advance(looked_at(self.order), Fact.REPLY_FAILED, self._cause(), reason="REPLY_NOT_POSSIBLE"))

    @rule(kind=st.sampled_from(list(ConfirmationKind)), late_seconds=st.integers(-100, 1_000))
    def is_confirmed(self, kind: ConfirmationKind, late_seconds: int) -> None:
        when = self.at + timedelta(seconds=late_seconds)
        confirmation = Confirmation(kind=kind, at=when, post_id=PostId("3"), version_id=PostId("3"))
        self._take(confirm(looked_at(self.order), confirmation, self._cause()).change)

    @rule(reason=st.sampled_from([CancelReason.CARDMEMBER, CancelReason.NOT_ME, CancelReason.OPERATOR]))
    def is_taken_back(self, reason: CancelReason) -> None:
        self._take(take_back(looked_at(self.order), reason, self._cause()))

    @rule()
    def post_is_deleted(self) -> None:
        self._take(delete_post(looked_at(self.order), self._cause()))

    @rule()
    def link_is_lost(self) -> None:
        self._take(lose_link(looked_at(self.order), self._cause()))

    @precondition(lambda self: self.order.state is State.COMMITTING)
    @rule(outcome=st.sampled_from(["committed", "lapsed", "unlinked"]))
    def commit_answers(self, outcome: str) -> None:
        change = looked_at(self.order)
        if outcome == "unlinked":
            self._take(apply_lost_link(change, self._cause()))
            return
        self.outside.hold = "COMMITTED" if outcome == "committed" else "RELEASED"
        refusal = None if outcome == "committed" else no("HOLD_LAPSED")
        self._take(apply_commit(change, self._cause(), refusal=refusal))

    @precondition(lambda self: _commands(self.order, Command.AUTHORIZE))
    @rule(state=st.sampled_from([ChargeState.AUTHORIZED, ChargeState.DECLINED, ChargeState.PENDING]))
    def authorization_answers(self, state: ChargeState) -> None:
        attempt = self.order.charge.attempt
        self.outside.charges.setdefault(attempt, state)
        if self.outside.charges[attempt] is ChargeState.PENDING:
            self.outside.charges[attempt] = state
        self._tell_charge(attempt)

    @precondition(lambda self: _commands(self.order, Command.CAPTURE))
    @rule(state=st.sampled_from([ChargeState.CAPTURED, ChargeState.LAPSED]))
    def capture_answers(self, state: ChargeState) -> None:
        attempt = self.order.charge.attempt
        if self.outside.charges[attempt] is ChargeState.AUTHORIZED:
            self.outside.charges[attempt] = state
            self.outside.captured_minor += terms().total.amount_minor * (state is ChargeState.CAPTURED)
        self._tell_charge(attempt)

    @precondition(lambda self: ChargeState.AUTHORIZED in self.outside.charges.values())
    @rule()
    def authorization_runs_out(self) -> None:
        attempt = max(self.outside.charges)
        if self.outside.charges[attempt] is ChargeState.AUTHORIZED:
            self.outside.charges[attempt] = ChargeState.LAPSED
        self._tell_charge(attempt)

    @precondition(lambda self: self.order.state is State.VOIDING)
    @rule()
    def void_answers(self) -> None:
        attempt = self.order.charge.attempt
        if self.outside.charges[attempt] is ChargeState.AUTHORIZED:
            self.outside.charges[attempt] = ChargeState.VOIDED
        self._tell_charge(attempt)

    @precondition(lambda self: self.order.state is State.RELEASING)
    @rule()
    def release_answers(self) -> None:
        self.outside.hold = "RELEASED"
        self._take(apply_release(looked_at(self.order), self._cause()))

    @rule(ships=st.booleans())
    def merchant_acts(self, ships: bool) -> None:  # noqa: FBT001 - as above
        change = looked_at(self.order)
        merchant_id = terms().merchant_id
        if not ships:
            self._take(accept(change, merchant_id, self._cause()))
            return
        self._take(record_shipment(change, merchant_id, carrier="UPS", tracking_number="1Z", cause=self._cause()))

    @rule(part=st.booleans())
    def goods_come_back(self, part: bool) -> None:  # noqa: FBT001 - as above
        amount = usd(100) if part else None
        merchant_id = terms().merchant_id
        self._take(request_return(looked_at(self.order), merchant_id, amount, why="", cause=self._cause()))

    @precondition(lambda self: self.order.state is State.REFUNDING)
    @rule()
    def refund_answers(self) -> None:
        self.outside.refunded_minor += self.order.refund.asked_minor
        self._tell_charge(self.order.charge.attempt)

    @precondition(lambda self: self.order.state in {State.REFUNDING, State.VOIDING, State.CAPTURING})
    @rule()
    def step_is_impossible(self) -> None:
        self._take(stuck(looked_at(self.order), "BROKEN", self._cause()))

    def _tell_charge(self, attempt: int) -> None:
        seen = ChargeSeen(
            charge_id=ChargeId(self.order.order_id),
            attempt=attempt,
            state=self.outside.charges[attempt],
            card_last4="1006",
            refunded_minor=self.outside.refunded_minor,
        )
        self._take(apply_charge(looked_at(self.order), seen, self._cause()))

    @invariant()
    def at_most_one_authorization_lives(self) -> None:
        live = {ChargeState.AUTHORIZED, ChargeState.CAPTURED, ChargeState.PENDING}
        assert sum(state in live for state in self.outside.charges.values()) <= 1

    @invariant()
    def nothing_is_authorized_without_a_confirmation_in_time(self) -> None:
        if self.outside.charges:
            confirmation = self.order.confirmation
            assert confirmation is not None
            assert self.order.confirm_by is None or confirmation.at <= self.order.confirm_by

    @invariant()
    def nothing_that_ended_without_a_sale_keeps_stock_or_money(self) -> None:
        if self.order.state in saga.FINAL - {State.REFUNDED}:
            assert self.outside.hold in {"NONE", "RELEASED"}
            assert ChargeState.AUTHORIZED not in self.outside.charges.values()

    @invariant()
    def what_was_sold_stays_committed(self) -> None:
        if self.order.state in {State.COMPLETED, State.REFUNDED}:
            assert self.outside.hold == "COMMITTED"

    @invariant()
    def never_more_is_taken_or_given_back_than_was_promised(self) -> None:
        total = terms().total.amount_minor
        assert 0 <= self.outside.captured_minor - self.outside.refunded_minor <= total

    @invariant()
    def what_happens_once_is_told_once(self) -> None:
        once = set(Event) - {Event.CONFIRMATION_REFUSED, Event.REFUNDED, Event.NEEDS_ATTENTION}
        assert all(self.outside.told.count(event) <= 1 for event in once)

    @invariant()
    def a_step_is_due_exactly_where_a_peer_is_awaited(self) -> None:
        assert (self.order.next_step_at is not None) == (self.order.state in saga.STEPPING)

    @invariant()
    def a_deadline_runs_exactly_where_time_decides(self) -> None:
        timed = {*saga.TIMED, State.AWAITING_CONFIRMATION}
        assert (self.order.deadline_at is not None) == (self.order.state in timed)


def _commands(order: Order, command: Command) -> bool:
    return saga.command_of(order.state, authorized=order.charge.charge_id is not None) is command


TestSaga = Saga.TestCase
TestSaga.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
