"""Changing: new terms for an offer that stands; what cardmembers were promised by the tag stays."""

from dataclasses import replace
from datetime import datetime

from kernel.ids import OfferId
from kernel.refusals import Refusal, RefusalKind
from offers.domain.events import OfferChanged
from offers.domain.life_cycle import Change, raised
from offers.domain.offer import Offer, OfferState, Standing, Stock, Terms, offer_ended


def create(offer_id: OfferId, terms: Terms, *, at: datetime) -> Offer:
    """Make a draft."""
    return Offer(
        offer_id=offer_id,
        terms=terms,
        standing=Standing.DRAFT,
        stock=Stock(available=terms.stock_total),
        version=1,
        created_at=at,
        updated_at=at,
    )


def offer_exists(offer: Offer) -> Refusal:
    """Say that the id is in use."""
    return Refusal(
        kind=RefusalKind.CONFLICT,
        reason="OFFER_EXISTS",
        message=f"There is an offer {offer.offer_id} already; change it with UpdateOffer or choose another id.",
        facts={"offer_id": offer.offer_id},
    )


def stale(offer: Offer, *, based_on: int) -> Refusal | None:
    """Refuse a change based on another version than the one that stands; 0 is based on whatever stands."""
    if based_on in {0, offer.version}:
        return None
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="VERSION_STALE",
        message=f"{offer.offer_id} is at version {offer.version}, the change is based on {based_on}; read it again.",
        facts={"offer_id": offer.offer_id, "version": str(offer.version)},
    )


def change(offer: Offer, terms: Terms, *, at: datetime) -> Change | Refusal:
    """Give the offer new terms; the same terms again change nothing."""
    state = offer.state_at(at)
    if state is OfferState.ENDED:
        return offer_ended(offer)
    if terms == offer.terms:
        return Change(offer=offer, changed=False)
    if state is not OfferState.DRAFT and (fixed := _first_fixed(offer.terms, terms, at=at)):
        return _field_fixed(offer, fixed)
    stock = _restocked(offer.stock, total=terms.stock_total)
    if isinstance(stock, Refusal):
        return stock
    changed = replace(raised(offer, at=at, standing=offer.standing), terms=terms, stock=stock)
    fact = None if state is OfferState.DRAFT else OfferChanged(offer=changed, at=at)
    return Change(offer=changed, changed=True, fact=fact)


def _first_fixed(before: Terms, after: Terms, *, at: datetime) -> str | None:
    """Find the first field that would change though it is fixed once published."""
    fixed = {
        "offer.kind": before.kind != after.kind,
        "offer.tag": before.tag != after.tag,
        "offer.merchant_id": before.merchant_id != after.merchant_id,
        "offer.price.currency_code": before.price.currency_code != after.price.currency_code,
        "offer.window.starts_at": before.window.starts_at <= at and before.window.starts_at != after.window.starts_at,
    }
    return next((path for path, changes in fixed.items() if changes), None)


def _field_fixed(offer: Offer, field_path: str) -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="FIELD_FIXED",
        message=f"{field_path}: stays as it is since {offer.offer_id} was published; end it and create a new offer.",
        facts={"field": field_path, "offer_id": offer.offer_id},
    )


def _restocked(stock: Stock, *, total: int) -> Stock | Refusal:
    available = total - stock.held - stock.committed
    if available < 0:
        promised = stock.held + stock.committed
        return Refusal(
            kind=RefusalKind.PRECONDITION,
            reason="STOCK_BELOW_PROMISED",
            message=f"offer.stock.total: {total} is under the {promised} units held or sold; set at least that.",
            facts={"field": "offer.stock.total", "promised": str(promised)},
        )
    return stock if available == stock.available else replace(stock, available=available, version=stock.version + 1)
