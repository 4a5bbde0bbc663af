"""Answers the RPCs on cards: sessions, what may be known of a card, and billing addresses."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from chassis.idempotent_calls import AnswerOnce, Transactions
from chassis.refusal_status import status_of
from chassis.timestamps import timestamp
from chassis.validation import read_each, read_items, read_text, refuse_field
from hashtill.common.v1.postal_address_pb2 import PostalAddress as PostalAddressMessage
from hashtill.payments.v1 import payments_service_pb2 as pb
from kernel.refusals import Refusal, RefusedError
from payments.domain.card import KnownCard, PostalAddress
from payments.inbound.reading import read_browser_session, read_card_token, read_visit
from payments.outbound.messages import card_message
from payments.usecases.read_cards import batch_get_billing_addresses, describe_card, describe_entered_card
from payments.usecases.start_card_session import start_card_session

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAddresses:
    """Where the card page is, and where it may send a browser back to."""

    pages_url: str
    return_origins: Collection[str]


class CardServicer:
    """StartCardSession, DescribeCard and BatchGetBillingAddresses; every rule is in the use cases."""

    _transactions: Transactions[Any]
    _once: AnswerOnce[Any]
    _addresses: PageAddresses

    async def StartCardSession(  # noqa: N802 - gRPC's name
        self, request: pb.StartCardSessionRequest, _context: object
    ) -> pb.StartCardSessionResponse:
        """Start a card session."""
        browser_session = read_browser_session(request.browser_session)
        return_url = read_text(request.return_url, "return_url")

        async def do(transactions: Any) -> pb.StartCardSessionResponse:
            session = given(
                await start_card_session(
                    browser_session=browser_session,
                    return_url=return_url,
                    return_origins=self._addresses.return_origins,
                    transactions=transactions,
                )
            )
            return pb.StartCardSessionResponse(
                card_session_id=session.card_session_id,
                page_url=f"{self._addresses.pages_url}/card/{session.card_session_id}",
                expires_at=timestamp(session.expires_at),
            )

        return await self._once(request, pb.StartCardSessionResponse, do)

    async def DescribeCard(self, request: pb.DescribeCardRequest, _context: object) -> pb.DescribeCardResponse:  # noqa: N802 - as above
        """Tell what may be known of a card."""
        return pb.DescribeCardResponse(card=card_message(given(await self._describe(request))))

    async def BatchGetBillingAddresses(  # noqa: N802 - as above
        self, request: pb.BatchGetBillingAddressesRequest, _context: object
    ) -> pb.BatchGetBillingAddressesResponse:
        """Read the billing addresses of many cards."""
        asked = read_each(read_items(request.card_tokens, "card_tokens"), read_card_token, "card_tokens")
        tokens = [each for each in asked if not isinstance(each, Refusal)]
        found = iter(await batch_get_billing_addresses(tokens, transactions=self._transactions))
        outcomes = [each if isinstance(each, Refusal) else next(found) for each in asked]
        return pb.BatchGetBillingAddressesResponse(results=[_result(each) for each in outcomes])

    async def _describe(self, request: pb.DescribeCardRequest) -> KnownCard | Refusal:
        named = request.WhichOneof("card")
        if named is None:
            refuse_field("card", "needs a card_session_id or a card_token.")
        if named == "card_session_id":
            return await describe_entered_card(read_visit(request), transactions=self._transactions)
        token = read_card_token(request.card_token, "card_token")
        return await describe_card(token, transactions=self._transactions)


def given(outcome: T | Refusal) -> T:
    """Give what a use case gave, or carry its refusal out of the call."""
    if isinstance(outcome, Refusal):
        raise RefusedError(outcome)
    return outcome


def _result(outcome: PostalAddress | Refusal) -> pb.BillingAddressResult:
    if isinstance(outcome, Refusal):
        return pb.BillingAddressResult(status=status_of(outcome))
    address = PostalAddressMessage(
        name=outcome.name,
        lines=outcome.lines,
        city=outcome.city,
        region=outcome.region,
        postal_code=outcome.postal_code,
        country_code=outcome.country_code,
    )
    return pb.BillingAddressResult(address=address)
