"""Life cycle: draft → scheduled → live → ended, with publish and pause; each verb gives a change or a refusal."""

from dataclasses import dataclass, replace
from datetime import datetime

from kernel.refusals import Refusal, RefusalKind
from offers.domain.events import KnownTag, OfferChanged, OfferEnded, OfferPublished
from offers.domain.offer import Offer, OfferState, Standing, offer_ended

OfferNews = OfferPublished | OfferChanged | OfferEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An offer after a verb; `fact` is None when nothing is told, `changed` False when it is as before."""

    offer: Offer
    changed: bool
    fact: OfferNews | None = None

    def keeps_tag_known(self, before: KnownTag | None) -> bool:
        """Tell whether the tag's entry follows this offer: while it has the tag, and afterwards unless another took it.

        A draft ended by hand never had the tag.
        """
        mine = before is not None and before.offer_id == self.offer.offer_id
        return mine or self.offer.has_tag


def publish(offer: Offer, *, at: datetime) -> Change | Refusal:
    """Publish a draft or resume a paused offer; publishing what is published changes nothing."""
    match offer.state_at(at):
        case OfferState.ENDED:
            return offer_ended(offer)
        case OfferState.DRAFT if at >= offer.terms.window.ends_at:
            return _window_over(offer)
        case OfferState.DRAFT:
            published = raised(offer, at=at, standing=Standing.PUBLISHED)
            return Change(offer=published, changed=True, fact=OfferPublished(offer=published, at=at))
        case OfferState.PAUSED:
            return _changed(raised(offer, at=at, standing=Standing.PUBLISHED), at=at)
        case _:
            return Change(offer=offer, changed=False)


def pause(offer: Offer, *, at: datetime) -> Change | Refusal:
    """Hold a published offer back; pausing what is paused changes nothing."""
    match offer.state_at(at):
        case OfferState.ENDED:
            return offer_ended(offer)
        case OfferState.DRAFT:
            return _not_published(offer)
        case OfferState.PAUSED:
            return Change(offer=offer, changed=False)
        case _:
            return _changed(raised(offer, at=at, standing=Standing.PAUSED), at=at)


def end(offer: Offer, *, at: datetime) -> Change:
    """End an offer for good; ending what has ended changes nothing, but marks one whose window is over."""
    if offer.standing is Standing.ENDED:
        return Change(offer=offer, changed=False)
    over = at >= offer.terms.window.ends_at
    ended = replace(raised(offer, at=at, standing=Standing.ENDED), closed_by_hand_at=None if over else at)
    return Change(offer=ended, changed=True, fact=OfferEnded(offer=ended, at=at))


def tag_taken(offer: Offer, *, holder: Offer) -> Refusal:
    """Say that another published offer has this offer's tag."""
    return Refusal(
        kind=RefusalKind.CONFLICT,
        reason="TAG_TAKEN",
        message=(
            f"#{offer.terms.tag} belongs to the offer {holder.offer_id} until it ends"
            f" ({holder.ends_at.isoformat()}); end that one or choose another tag."
        ),
        facts={"offer_id": holder.offer_id, "tag": offer.terms.tag},
    )


def raised(offer: Offer, *, at: datetime, standing: Standing) -> Offer:
    """Give the offer's next version."""
    return replace(offer, standing=standing, version=offer.version + 1, updated_at=at)


def _changed(offer: Offer, *, at: datetime) -> Change:
    return Change(offer=offer, changed=True, fact=OfferChanged(offer=offer, at=at))


def _window_over(offer: Offer) -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="WINDOW_OVER",
        message=f"Its window is over ({offer.ends_at.isoformat()}); move window.ends_at, then publish.",
        facts={"offer_id": offer.offer_id, "ends_at": offer.ends_at.isoformat()},
    )


def _not_published(offer: Offer) -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="OFFER_NOT_PUBLISHED",
        message=f"The offer {offer.offer_id} is a draft; there is nothing to hold back before it is published.",
        facts={"offer_id": offer.offer_id},
    )
