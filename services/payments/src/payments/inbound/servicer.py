"""Payments' gRPC service: the RPCs on cards and the RPCs that move money, under one name."""

from collections.abc import Callable
from typing import Any

from chassis.idempotent_calls import AnswerOnce, Requests, Transactions
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceServicer
from payments.inbound.card_servicer import CardServicer, PageAddresses
from payments.inbound.charge_servicer import ChargeServicer
from payments.usecases.charge_desk import ChargeDesk


class PaymentsServicer(CardServicer, ChargeServicer, PaymentsServiceServicer):
    """Answers payments' RPCs."""

    def __init__(
        self,
        transactions: Transactions[Any],
        *,
        requests: Callable[[Any, str], Requests],
        desk: ChargeDesk,
        addresses: PageAddresses,
    ) -> None:
        self._transactions, self._desk, self._addresses = transactions, desk, addresses
        self._once = AnswerOnce(transactions, requests=requests)
