"""How each stream is doing, for operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.arrivals import Stream
from gateway.domain.positions import Position, StreamState
from gateway.domain.post import SkipReason
from gateway.usecases.ingest_arrivals import Progress, load_progress
from gateway.usecases.ports import Transactions
from gateway.usecases.tally import Tally
from kernel.ids import Network


class ConnectionState(StrEnum):
    """What an operator sees of a stream."""

    DOWN = "down"
    CATCHING_UP = "catching_up"
    UP = "up"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """One stream; counts are this process's since it started."""

    network: Network
    position: Position
    state: ConnectionState
    watermark_at: datetime | None
    kept_count: int
    skipped_counts: Mapping[SkipReason, int]
    connects_count: int


async def list_connections(
    live: Progress | None, *, network: Network, tally: Tally, transactions: Transactions
) -> list[ConnectionReport]:
    """Report every stream in order of its name; `live` is this replica's progress, None while another one reads."""
    progress = live or await load_progress(transactions=transactions)
    return [
        ConnectionReport(
            network=network,
            position=progress.positions[stream],
            state=_state(progress.positions[stream], standby=live is None),
            watermark_at=progress.watermark,
            kept_count=tally.kept[stream],
            skipped_counts=tally.skips_of(stream),
            connects_count=tally.connects[stream],
        )
        for stream in sorted(Stream)
    ]


def _state(position: Position, *, standby: bool) -> ConnectionState:
    if standby:
        return ConnectionState.STANDBY
    if position.state is not StreamState.OPEN:
        return ConnectionState.DOWN
    return ConnectionState.CATCHING_UP if position.gap_from else ConnectionState.UP
