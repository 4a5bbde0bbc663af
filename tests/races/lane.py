"""A lane: a stream and its one durable consumer as the broker keeps them, in memory, with everything that goes wrong.

Batches go to several takers; some are given to two at once (an acknowledgement that was overdue), some come again
(an acknowledgement that was lost). As in JetStream, places are counted and the acknowledged floor never passes a gap.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tests.races.drawing import Draw

M = TypeVar("M")

SHARE_TWICE = 0.1
SHARE_LOST = 0.1


@dataclass
class Lane(Generic[M]):
    """Messages in order; `take` a batch, then `settle` it."""

    draw: Draw
    batch_max: int = 100
    sent: int = 0
    delivered: int = 0
    copies: int = 0
    """Deliveries beyond each message's first."""
    _waiting: deque[tuple[int, M]] = field(default_factory=deque)
    _open: dict[int, M] = field(default_factory=dict)
    """Everything not acknowledged yet, in order of its place."""

    def send(self, message: M) -> None:
        """Store one message."""
        self.sent += 1
        self._waiting.append((self.sent, message))
        self._open[self.sent] = message

    def take(self) -> list[tuple[int, M]]:
        """Give the next batch; sometimes it stays where it was for another taker."""
        batch = [self._waiting.popleft() for _ in range(min(self.batch_max, len(self._waiting)))]
        if batch:
            self.delivered = max(self.delivered, *(place for place, _ in batch))
        if self.draw.chance(SHARE_TWICE):
            self._again(batch)
        return batch

    def settle(self, batch: list[tuple[int, M]]) -> None:
        """Acknowledge a batch; sometimes the acknowledgement is lost and the batch comes again."""
        if self.draw.chance(SHARE_LOST):
            self._again(batch)
            return
        for place, _ in batch:
            self._open.pop(place, None)

    @property
    def waiting(self) -> int:
        """Count what waits to be taken."""
        return len(self._waiting)

    @property
    def unsettled(self) -> int:
        """Count what is not acknowledged."""
        return len(self._open)

    @property
    def settled(self) -> int:
        """Give the place up to which everything is acknowledged."""
        return next(iter(self._open), self.sent + 1) - 1

    def _again(self, batch: list[tuple[int, M]]) -> None:
        again = [(place, message) for place, message in batch if place in self._open]
        self.copies += len(again)
        self._waiting.extendleft(reversed(again))
