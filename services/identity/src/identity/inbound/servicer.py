"""Identity's gRPC service: the RPCs of a link's life and the RPCs that read, under one name."""

from collections.abc import Callable
from typing import Any

from chassis.idempotent_calls import AnswerOnce, Requests, Transactions
from chassis.idempotent_steps import AnswerKept
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceServicer
from identity.inbound.link_servicer import LinkParts, LinkServicer
from identity.inbound.read_servicer import ReadServicer


class IdentityServicer(LinkServicer, ReadServicer, IdentityServiceServicer):
    """Answers identity's RPCs."""

    def __init__(
        self, transactions: Transactions[Any], *, requests: Callable[[Any, str], Requests], parts: LinkParts
    ) -> None:
        self._transactions, self._parts = transactions, parts
        self._once = AnswerOnce(transactions, requests=requests)
        self._kept = AnswerKept(transactions, requests=requests)
