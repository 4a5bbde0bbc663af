"""The ledger: every movement in order, with running totals and a balance for each account."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from itertools import islice
from typing import assert_never

from sandbox.cardnet.bounded import Bounded
from sandbox.cardnet.errors import ErrorType, ProblemError

PAGE_MAX = 1_000
ACCOUNTS_MAX = 200_000  # as many balances as a long load test has cards


class MovementKind(StrEnum):
    """What moved. Open holds = authorization - void - lapse - release - capture; owed = capture - refund."""

    AUTHORIZATION = "authorization"
    VOID = "void"
    LAPSE = "lapse"
    RELEASE = "release"
    CAPTURE = "capture"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One line of the ledger; `id` is the authorization, capture or refund that moved the amount."""

    sequence: int
    kind: MovementKind
    id: str
    authorization: str
    reference: str
    account_reference: str
    last4: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Balance:
    """One account in one currency."""

    held_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0

    def add(self, kind: MovementKind, amount_minor: int) -> None:
        """Book one movement."""
        match kind:
            case MovementKind.AUTHORIZATION:
                self.held_minor += amount_minor
            case MovementKind.VOID | MovementKind.LAPSE | MovementKind.RELEASE:
                self.held_minor -= amount_minor
            case MovementKind.CAPTURE:
                self.held_minor -= amount_minor
                self.captured_minor += amount_minor
            case MovementKind.REFUND:
                self.refunded_minor += amount_minor
            case _:
                assert_never(kind)


@dataclass(slots=True)
class Total:
    """How many movements of one kind and currency there were, and their sum."""

    count: int = 0
    amount_minor: int = 0


class Ledger:
    """Keeps the newest `movements_max` movements, and sums over all that ever were."""

    def __init__(self, *, movements_max: int) -> None:
        self._movements: deque[Movement] = deque(maxlen=movements_max)
        self._balances: Bounded[str, dict[str, Balance]] = Bounded(entries_max=ACCOUNTS_MAX)
        self.totals: dict[str, dict[str, Total]] = {}
        self.last_sequence = 0

    def add(self, movement: Movement) -> None:
        """Append the next movement and book it."""
        self._movements.append(movement)
        self.last_sequence = movement.sequence
        self._balance(movement.account_reference, movement.currency).add(movement.kind, movement.amount_minor)
        total = self.totals.setdefault(movement.currency, {}).setdefault(movement.kind.value, Total())
        total.count += 1
        total.amount_minor += movement.amount_minor

    def page(self, *, after: int, limit: int) -> list[Movement]:
        """Give up to `limit` movements whose sequence is above `after`; 410 when some of them have left."""
        first = self.last_sequence - len(self._movements) + 1
        if after < first - 1:
            raise ProblemError(
                HTTPStatus.GONE,
                ErrorType.INVALID_REQUEST,
                "ledger_truncated",
                f"Movements before {first} have left the memory; start again with after={first - 1}.",
                param="after",
            )
        start = max(after - first + 1, 0)
        return list(islice(self._movements, start, start + limit))

    def balances(self, account_reference: str) -> dict[str, Balance]:
        """Give an account's balance by currency; empty when nothing ever moved."""
        return self._balances.get(account_reference) or {}

    def _balance(self, account_reference: str, currency: str) -> Balance:
        by_currency = self._balances.get(account_reference)
        if by_currency is None:
            by_currency = {}
            self._balances.put(account_reference, by_currency)
        return by_currency.setdefault(currency, Balance())
