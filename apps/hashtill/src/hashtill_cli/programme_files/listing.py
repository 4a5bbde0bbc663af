"""Listing: every offer the server has, page by page."""

from hashtill.offers.v1 import offer_pb2, offers_service_pb2_grpc
from hashtill.offers.v1 import offers_service_pb2 as pb
from hashtill_cli.programme_files.asking import ServerAwayError, asked
from kernel.refusals import Refusal

PAGES_MAX = 100
"""20,000 offers; a person reads fewer."""


async def read_offers(
    offers: "offers_service_pb2_grpc.OffersServiceAsyncStub", *, merchant_id: str = ""
) -> list[offer_pb2.Offer]:
    """Read offers, newest first; raises ServerAwayError with what the server said."""
    found: list[offer_pb2.Offer] = []
    token = ""
    for _ in range(PAGES_MAX):
        request = pb.ListOffersRequest(page_size=200, page_token=token, merchant_id=merchant_id)
        page = await asked(offers.ListOffers(request))
        if isinstance(page, Refusal):
            raise ServerAwayError(page.message)
        found.extend(page.offers)
        if not (token := page.next_page_token):
            break
    return found
