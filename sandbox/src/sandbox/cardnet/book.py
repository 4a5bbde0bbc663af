"""The issuer's book: captures at most what was held, voids before capture, refunds at most what was taken."""

import heapq
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn, assert_never

from sandbox.cardnet.bounded import Bounded
from sandbox.cardnet.card_ranges import Behaviour
from sandbox.cardnet.errors import conflict, invalid, not_found
from sandbox.cardnet.ledger import Ledger, Movement, MovementKind
from sandbox.cardnet.records import Authorization, AuthorizationState, Capture, CaptureState, Refund
from sandbox.cardnet.requests import AuthorizationRequest, CaptureRequest, RefundRequest, VoidRequest

MOVEMENTS_PER_AUTHORIZATION = 3  # a hold, its capture, and now and then a refund or a release


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom an authorization is for."""

    account_reference: str
    last4: str
    behaviour: Behaviour | None = None


class Book:
    """Everything authorized since the start, the oldest leaving first, and its ledger."""

    def __init__(self, *, authorizations_max: int) -> None:
        self.authorizations: Bounded[str, Authorization] = Bounded(entries_max=authorizations_max)
        self.captures: Bounded[str, Capture] = Bounded(entries_max=authorizations_max)
        self.ledger = Ledger(movements_max=authorizations_max * MOVEMENTS_PER_AUTHORIZATION)
        self.declined_count = 0
        self.version = 0
        self._run = secrets.token_hex(4)
        self._serial = 0
        self._behaviours: Bounded[str, Behaviour] = Bounded(entries_max=authorizations_max)
        self._lapses: list[tuple[datetime, str]] = []
        self._lapses_max = 2 * authorizations_max

    def authorize(
        self,
        request: AuthorizationRequest,
        *,
        account: Account,
        hold: timedelta,
        decline_code: str | None,
        at: datetime,
    ) -> Authorization:
        """Hold the amount until `at` + `hold`, or keep the issuer's "no"."""
        authorization = Authorization(
            id=self._next_id("auth"),
            state=AuthorizationState.DECLINED if decline_code else AuthorizationState.AUTHORIZED,
            decline_code=decline_code,
            network_reference=f"{int(self._run, 16) % 1_000_000:06d}{self._serial:09d}",
            amount_minor=request.amount_minor,
            captured_minor=0,
            currency=request.currency,
            reference=request.reference,
            merchant=request.merchant,
            account_reference=account.account_reference,
            last4=account.last4,
            created_at=at,
            expires_at=at + hold,
        )
        self._keep(authorization)
        if account.behaviour:
            self._behaviours.put(authorization.id, account.behaviour)
        if decline_code:
            self.declined_count += 1
        else:
            self._await_lapse(authorization)
            self._move(MovementKind.AUTHORIZATION, authorization, authorization.amount_minor, at=at)
        return authorization

    def capture(self, request: CaptureRequest, *, decline_code: str | None, at: datetime) -> Capture:
        """Take at most the held amount, once; the rest is released. A declined capture leaves the hold."""
        authorization = self._live(request.authorization)
        amount = request.amount_minor
        if amount > authorization.amount_minor:
            raise invalid(
                "amount_too_large", "More than the authorised amount cannot be captured.", param="amount_minor"
            )
        capture = Capture(
            id=self._next_id("cap"),
            state=CaptureState.DECLINED if decline_code else CaptureState.CAPTURED,
            decline_code=decline_code,
            authorization=authorization.id,
            amount_minor=amount,
            refunded_minor=0,
            currency=authorization.currency,
            reference=authorization.reference,
            created_at=at,
        )
        self.captures.put(capture.id, capture)
        if not decline_code:
            self._settle(authorization, capture, at=at)
        return capture

    def void(self, request: VoidRequest, *, at: datetime) -> Authorization:
        """Release the whole hold; only before capture."""
        authorization = self._live(request.authorization)
        self._move(MovementKind.VOID, authorization, authorization.amount_minor, at=at)
        return self._keep(replace(authorization, state=AuthorizationState.VOIDED))

    def refund(self, request: RefundRequest, *, at: datetime) -> Refund:
        """Give back part or all of what was captured; the sum of refunds never exceeds it."""
        capture = self.find_capture(request.capture)
        if capture.state is CaptureState.DECLINED:
            raise conflict(
                "capture_declined", "This capture was declined; there is nothing to refund.", param="capture"
            )
        if capture.refunded_minor + request.amount_minor > capture.amount_minor:
            left = capture.amount_minor - capture.refunded_minor
            raise invalid("amount_too_large", f"Only {left} is left to refund.", param="amount_minor")
        refund = Refund(
            id=self._next_id("re"),
            capture=capture.id,
            authorization=capture.authorization,
            amount_minor=request.amount_minor,
            currency=capture.currency,
            reference=capture.reference,
            created_at=at,
        )
        self.captures.put(capture.id, replace(capture, refunded_minor=capture.refunded_minor + refund.amount_minor))
        authorization = self.find_authorization(capture.authorization)
        self._move(MovementKind.REFUND, authorization, refund.amount_minor, movement_id=refund.id, at=at)
        return refund

    def lapse_due(self, *, at: datetime) -> None:
        """Release every hold whose time is over; each hold is looked at once."""
        while self._lapses and self._lapses[0][0] <= at:
            _, authorization_id = heapq.heappop(self._lapses)
            self._lapse(authorization_id, at=at)

    def lapse_now(self, authorization_id: str, *, at: datetime) -> Authorization:
        """Let one hold lapse before its time, for a test of what a merchant does then."""
        self._live(authorization_id)
        self._lapse(authorization_id, at=at)
        return self.find_authorization(authorization_id)

    def behaviour(self, authorization_id: str) -> Behaviour | None:
        """Say how the card of an authorization behaves."""
        return self._behaviours.get(authorization_id)

    def find_authorization(self, authorization_id: str) -> Authorization:
        """Give an authorization, or 404."""
        authorization = self.authorizations.get(authorization_id)
        if authorization is None:
            raise not_found("authorization_not_found", "There is no such authorization.", param="authorization")
        return authorization

    def find_capture(self, capture_id: str) -> Capture:
        """Give a capture, or 404."""
        capture = self.captures.get(capture_id)
        if capture is None:
            raise not_found("capture_not_found", "There is no such capture.", param="capture")
        return capture

    def _live(self, authorization_id: str) -> Authorization:
        authorization = self.find_authorization(authorization_id)
        if authorization.state is not AuthorizationState.AUTHORIZED:
            _refuse_ended(authorization.state)
        return authorization

    def _settle(self, authorization: Authorization, capture: Capture, *, at: datetime) -> None:
        self._move(MovementKind.CAPTURE, authorization, capture.amount_minor, movement_id=capture.id, at=at)
        if capture.amount_minor < authorization.amount_minor:
            self._move(MovementKind.RELEASE, authorization, authorization.amount_minor - capture.amount_minor, at=at)
        captured = AuthorizationState.CAPTURED
        self._keep(
            replace(authorization, state=captured, captured_minor=capture.amount_minor, capture=capture.id),
        )

    def _await_lapse(self, authorization: Authorization) -> None:
        """Note when a hold ends; those that ended before their time leave once they are half of the notes."""
        heapq.heappush(self._lapses, (authorization.expires_at, authorization.id))
        if len(self._lapses) > self._lapses_max:
            self._lapses = [(due, each) for due, each in self._lapses if self._held(each)]
            heapq.heapify(self._lapses)

    def _held(self, authorization_id: str) -> Authorization | None:
        authorization = self.authorizations.get(authorization_id)
        return authorization if authorization and authorization.state is AuthorizationState.AUTHORIZED else None

    def _lapse(self, authorization_id: str, *, at: datetime) -> None:
        if authorization := self._held(authorization_id):
            self._move(MovementKind.LAPSE, authorization, authorization.amount_minor, at=at)
            self._keep(replace(authorization, state=AuthorizationState.EXPIRED))

    def _keep(self, authorization: Authorization) -> Authorization:
        self.version += 1
        self.authorizations.put(authorization.id, authorization)
        return authorization

    def _move(
        self,
        kind: MovementKind,
        authorization: Authorization,
        amount_minor: int,
        *,
        at: datetime,
        movement_id: str | None = None,
    ) -> None:
        self.version += 1
        self.ledger.add(
            Movement(
                sequence=self.ledger.last_sequence + 1,
                kind=kind,
                id=movement_id or authorization.id,
                authorization=authorization.id,
                reference=authorization.reference,
                account_reference=authorization.account_reference,
                last4=authorization.last4,
                amount_minor=amount_minor,
                currency=authorization.currency,
                at=at,
            )
        )

    def _next_id(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}_{self._run}x{self._serial:08x}"  # without the x, all digits may pass as a card number


def _refuse_ended(state: AuthorizationState) -> NoReturn:
    match state:
        case AuthorizationState.DECLINED:
            raise conflict("authorization_declined", "This authorization was declined.", param="authorization")
        case AuthorizationState.CAPTURED:
            raise conflict("already_captured", "This authorization was captured already.", param="authorization")
        case AuthorizationState.VOIDED:
            raise conflict("already_voided", "This authorization was voided.", param="authorization")
        case AuthorizationState.EXPIRED:
            raise conflict("authorization_expired", "This hold has lapsed; authorize again.", param="authorization")
        case AuthorizationState.AUTHORIZED:
            raise ValueError("A live authorization is not refused.")
        case _:
            assert_never(state)
