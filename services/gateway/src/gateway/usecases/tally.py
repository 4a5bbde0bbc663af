"""The tally: what this process read since it started, by stream."""

from collections import Counter
from dataclasses import dataclass, field

from gateway.domain.arrivals import Stream
from gateway.domain.post import SkipReason
from gateway.usecases.ingest_arrivals import Ingested


@dataclass(slots=True)
class Tally:
    """Counts only; nothing is decided by them."""

    kept: Counter[Stream] = field(default_factory=Counter)
    skipped: Counter[tuple[Stream, SkipReason]] = field(default_factory=Counter)
    connects: Counter[Stream] = field(default_factory=Counter)

    def add(self, ingested: Ingested) -> None:
        """Count a batch."""
        self.kept.update(ingested.kept)
        self.skipped.update(ingested.skipped)

    def skips_of(self, stream: Stream) -> dict[SkipReason, int]:
        """Give one stream's skips by reason."""
        return {reason: count for (each, reason), count in self.skipped.items() if each is stream}
