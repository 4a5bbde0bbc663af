"""Retries: only UNAVAILABLE, only calls that may be repeated, full jitter, and at most a tenth of all calls."""

from typing import Any

import grpc

from kernel.chance import CHANCE

ATTEMPTS_MAX = 4
"""The first try and three more, with 50 + 100 + 200 ms of pauses at most."""

PAUSE_FIRST_SECONDS = 0.05
PAUSE_MOST_SECONDS = 1.0

BUDGET_SHARE = 0.1
"""Retries for each first try: a peer that is down gets 10 % more calls, not four times as many."""

BUDGET_MAX = 10.0
"""Retries that may be saved up in quiet times."""

_REPEATABLE_VERBS = ("Get", "List", "Explain", "Describe", "Check", "Batch")
"""Reads, and batches, whose every item carries its own key (order id + step)."""


class RetryBudget:
    """Counts a channel's calls and says whether one more retry is within the share."""

    def __init__(self, *, share: float = BUDGET_SHARE, saved_max: float = BUDGET_MAX) -> None:
        self._share, self._saved_max = share, saved_max
        self._saved = saved_max

    def called(self) -> None:
        """Note a first try, which earns its share of a retry."""
        self._saved = min(self._saved_max, self._saved + self._share)

    def take(self) -> bool:
        """Spend one retry; False when the share is used up."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def is_repeatable(method: str, request: Any) -> bool:
    """Whether `/package.Service/Method` may be sent again: a read, a batch with keyed items, or it has a request id."""
    name = method.rpartition("/")[2]
    context = getattr(request, "context", None)
    return name.startswith(_REPEATABLE_VERBS) or bool(getattr(context, "request_id", ""))


def is_worth_retrying(code: grpc.StatusCode) -> bool:
    """Whether the answer says that the same call may go better soon."""
    return code is grpc.StatusCode.UNAVAILABLE


def pause_seconds(attempt: int) -> float:
    """Draw the pause after the nth failed attempt (from 1): full jitter under a doubling bound."""
    bound = min(PAUSE_MOST_SECONDS, PAUSE_FIRST_SECONDS * 2 ** (attempt - 1))
    return CHANCE.uniform(0, bound)
