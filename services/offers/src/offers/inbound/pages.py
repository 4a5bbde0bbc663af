"""Page tokens: a position and what was asked for, opaque to callers; a token of another question is refused."""

from datetime import datetime
from typing import NoReturn

from chassis.validation import page_token, read_page_token, refuse_field
from kernel.ids import MerchantId, Network, OfferId
from offers.domain.offer import Offer
from offers.domain.violations import is_id
from offers.usecases.ports import FavoritePosition, OfferFilter, OfferPosition


def after_merchant(token: str) -> MerchantId | None:
    """Read where the next page of merchants begins."""
    parts = read_page_token(token, parts=1)
    return MerchantId(_id(parts[0])) if parts else None


def after_offer(token: str, where: OfferFilter) -> OfferPosition | None:
    """Read where the next page of offers begins."""
    parts = read_page_token(token, parts=3)
    if parts is None:
        return None
    _same(parts[0], _question(where))
    return OfferPosition(created_at=_moment(parts[1]), offer_id=OfferId(_id(parts[2])))


def after_favorite(token: str, network: Network | None) -> FavoritePosition | None:
    """Read where the next page of favorites begins."""
    parts = read_page_token(token, parts=4)
    if parts is None:
        return None
    _same(parts[0], f"favorites:{network or ''}")
    return FavoritePosition(sold_out=parts[1] == "1", ends_at=_moment(parts[2]), offer_id=OfferId(_id(parts[3])))


def offer_token(offer: Offer, where: OfferFilter) -> str:
    """Write where a page of offers ended."""
    return page_token(_question(where), offer.created_at.isoformat(), offer.offer_id)


def favorite_token(offer: Offer, network: Network | None) -> str:
    """Write where a page of favorites ended."""
    sold_out = "1" if offer.stock.sold_out else "0"
    return page_token(f"favorites:{network or ''}", sold_out, offer.ends_at.isoformat(), offer.offer_id)


def _question(where: OfferFilter) -> str:
    return f"offers:{where.merchant_id or ''}:{','.join(sorted(where.states))}"


def _same(given: str, wanted: str) -> None:
    if given != wanted:
        refuse_field("page_token", "belongs to another question; leave it empty to start from the first page.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        _not_ours()
    return moment


def _id(text: str) -> str:
    return text if is_id(text) else _not_ours()


def _not_ours() -> NoReturn:
    refuse_field("page_token", "is not a token this method gave; leave it empty to start from the first page.")
