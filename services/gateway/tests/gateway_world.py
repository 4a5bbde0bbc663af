"""The gateway's use cases over some transactions, driven batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.gateway.tests.frames import NOW, PROGRAM

from gateway.domain.arrivals import Arrival, FrameRead, HeartbeatRead, Stream, StreamOpened
from gateway.usecases.ingest_arrivals import Ingested, Policy, Progress, ingest_arrivals, load_progress
from gateway.usecases.ports import Transactions
from kernel.tags import Tag

LATENCY = timedelta(seconds=10)
POLICY = Policy(program=PROGRAM, latency=LATENCY, watermark_every=timedelta(seconds=1))
TAGS = frozenset({Tag("buykindle")})


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def heard(frame: object, seconds: float = 1, *, stream: Stream = Stream.FILTERED) -> FrameRead:
    return FrameRead(stream=stream, frame=frame, at=at(seconds))


def both_opened(seconds: float = 0) -> list[Arrival]:
    return [StreamOpened(stream=stream, at=at(seconds)) for stream in Stream]


def both_beat(seconds: float) -> list[Arrival]:
    return [HeartbeatRead(stream=stream, at=at(seconds)) for stream in Stream]


@dataclass(kw_only=True)
class World:
    """Transactions, what they told (`told` lists messages as outbox rows name them), and the progress so far."""

    transactions: Transactions
    progress: Progress | None = None
    batches: list[Ingested] = field(default_factory=list)

    async def ingest(self, arrivals: Sequence[Arrival]) -> Ingested:
        if self.progress is None:
            self.progress = await load_progress(transactions=self.transactions)
        ingested = await ingest_arrivals(
            arrivals, progress=self.progress, known_tags=TAGS, policy=POLICY, transactions=self.transactions
        )
        self.progress = ingested.progress
        self.batches.append(ingested)
        return ingested

    async def restart(self) -> Progress:
        self.progress = await load_progress(transactions=self.transactions)
        return self.progress

    @property
    def skipped(self) -> dict[Any, int]:
        return {reason: count for (_, reason), count in self.batches[-1].skipped.items() if count}
