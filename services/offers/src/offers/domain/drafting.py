"""Drafting: what a request says of an offer, whole or as a mask laid over the offer that stands."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kernel.money import Money
from kernel.refusals import Refusal, invalid
from offers.domain.offer import Fulfilment, Offer, OfferKind, TaxRule


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDraft:
    """What a request says, not yet checked; None where it says nothing that can be read."""

    offer_id: str
    merchant_id: str
    kind: OfferKind | None
    tag: str
    title: str
    description: str
    price: Money | None
    shipping: Money | None
    tax_rule: TaxRule
    stock_total: int
    per_member_limit: int
    starts_at: datetime | None
    ends_at: datetime | None
    time_zone: str
    channels: tuple[str, ...]
    fulfilment: Fulfilment | None
    ship_to_countries: tuple[str, ...]
    terms_url: str


_WINDOW = ("starts_at", "ends_at", "time_zone")
_MASKABLE: dict[str, tuple[str, ...]] = {
    **{
        field.name: (field.name,)
        for field in dataclasses.fields(OfferDraft)
        if field.name not in {"offer_id", "stock_total", *_WINDOW}
    },
    "stock": ("stock_total",),
    "stock.total": ("stock_total",),
    "window": _WINDOW,
    **{f"window.{name}": (name,) for name in _WINDOW},
}
"""Paths an update mask may name, with the draft's fields each stands for."""


def check_mask(paths: Collection[str]) -> Refusal | None:
    """Refuse an update mask that names what cannot be changed."""
    unknown = sorted(set(paths) - set(_MASKABLE))
    if not unknown:
        return None
    return invalid(
        field_path="update_mask", message=f"{unknown[0]} cannot be changed; name one of: {', '.join(_MASKABLE)}."
    )


def merged(offer: Offer, wanted: OfferDraft, *, paths: Collection[str]) -> OfferDraft:
    """Lay the masked fields of a request over the offer as it stands; all of them when the mask is empty."""
    if not paths:
        return wanted
    fields = {name for path in paths for name in _MASKABLE[path]}
    return dataclasses.replace(draft_of(offer), **{name: getattr(wanted, name) for name in fields})


def draft_of(offer: Offer) -> OfferDraft:
    """Write an offer's terms as a draft again."""
    terms = offer.terms
    given = {field.name: getattr(terms, field.name) for field in dataclasses.fields(terms) if field.name != "window"}
    window = {name: getattr(terms.window, name) for name in _WINDOW}
    return OfferDraft(offer_id=offer.offer_id, **given, **window)
