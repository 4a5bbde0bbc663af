"""SocialService over gRPC: how the connections to the networks are doing."""

from collections.abc import Callable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from gateway.usecases import list_connections as usecase
from gateway.usecases.ingest_arrivals import Progress
from gateway.usecases.ports import Transactions
from gateway.usecases.tally import Tally
from hashtill.social.v1 import social_service_pb2_grpc
from hashtill.social.v1.social_service_pb2 import (
    Connection,
    ConnectionState,
    ListConnectionsRequest,
    ListConnectionsResponse,
)
from kernel.ids import Network

_STATES = {
    usecase.ConnectionState.DOWN: ConnectionState.CONNECTION_STATE_DOWN,
    usecase.ConnectionState.CATCHING_UP: ConnectionState.CONNECTION_STATE_CATCHING_UP,
    usecase.ConnectionState.UP: ConnectionState.CONNECTION_STATE_UP,
    usecase.ConnectionState.STANDBY: ConnectionState.CONNECTION_STATE_STANDBY,
}


class SocialServicer(social_service_pb2_grpc.SocialServiceServicer):
    """Answers for the networks this deployment reads."""

    def __init__(
        self, *, network: Network, live: Callable[[], Progress | None], tally: Tally, transactions: Transactions
    ) -> None:
        self._network, self._live, self._tally, self._transactions = network, live, tally, transactions

    async def ListConnections(  # noqa: N802 - gRPC's name
        self,
        request: ListConnectionsRequest,  # noqa: ARG002 - it asks for all
        context: aio.ServicerContext[ListConnectionsRequest, ListConnectionsResponse],  # noqa: ARG002 - gRPC's shape
    ) -> ListConnectionsResponse:
        """List every stream; reads only."""
        reports = await usecase.list_connections(
            self._live(), network=self._network, tally=self._tally, transactions=self._transactions
        )
        return ListConnectionsResponse(connections=[_connection(report) for report in reports])


def _connection(report: usecase.ConnectionReport) -> Connection:
    return Connection(
        network=report.network,
        stream=report.position.stream,
        state=_STATES[report.state],
        since=_timestamp(report.position.since),
        last_heard_at=_timestamp(report.position.last_heard_at),
        watermark_at=_timestamp(report.watermark_at),
        kept_count=report.kept_count,
        skipped_counts={reason.upper(): count for reason, count in report.skipped_counts.items()},
        connects_count=report.connects_count,
    )


def _timestamp(at: datetime | None) -> Timestamp | None:
    if at is None:
        return None
    written = Timestamp()
    written.FromDatetime(at)
    return written
