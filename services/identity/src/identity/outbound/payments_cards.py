"""Payments, asked about a card over gRPC."""

from typing import TYPE_CHECKING

from grpc import aio

from chassis.refusal_status import refusal_of
from hashtill.payments.v1 import card_pb2, payments_service_pb2
from identity.domain.card import CardFacts, CardProduct
from kernel.ids import CardToken
from kernel.refusals import Refusal, RefusalKind

if TYPE_CHECKING:  # the stub exists for type checkers alone
    from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceAsyncStub

DESCRIBE_SECONDS = 2.5
"""A person waits in a browser; payments answers from one row."""

_PRODUCTS = {
    card_pb2.CARD_PRODUCT_CONSUMER_CREDIT: CardProduct.CONSUMER_CREDIT,
    card_pb2.CARD_PRODUCT_CONSUMER_CHARGE: CardProduct.CONSUMER_CHARGE,
    card_pb2.CARD_PRODUCT_CORPORATE: CardProduct.CORPORATE,
    card_pb2.CARD_PRODUCT_PREPAID: CardProduct.PREPAID,
    card_pb2.CARD_PRODUCT_GIFT: CardProduct.GIFT,
}


class PaymentsCards:
    """The cards as payments describes them."""

    def __init__(self, stub: "PaymentsServiceAsyncStub") -> None:
        self._stub = stub

    async def describe(self, *, card_session_id: str, browser_session: str) -> CardFacts | Refusal:
        """Tell what may be known of the card entered in a session; payments' own refusals pass through."""
        request = payments_service_pb2.DescribeCardRequest(
            card_session_id=card_session_id, browser_session=browser_session
        )
        try:
            answer = await self._stub.DescribeCard(request, timeout=DESCRIBE_SECONDS)
        except aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            return _unavailable() if refusal.kind is RefusalKind.BUSY else refusal
        return _facts_of(answer.card)


def _facts_of(card: card_pb2.Card) -> CardFacts:
    return CardFacts(
        card_token=CardToken(card.card_token),
        brand=card.brand,
        product=_PRODUCTS.get(card.product, CardProduct.UNKNOWN),
        country=card.country,
        last4=card.last4,
        account_reference=card.account_reference,
        billing_country=card.billing_country,
        billing_region=card.billing_region,
    )


def _unavailable() -> Refusal:
    return Refusal(
        kind=RefusalKind.BUSY,
        reason="PAYMENTS_UNAVAILABLE",
        message="The card could not be looked at just now; try again in a moment.",
    )
