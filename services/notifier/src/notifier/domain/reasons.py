"""Reasons in words: what a refusal says to the person it concerns, in public and by mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What happened, and what to do next. Short: both fit one reply with room for a handle."""

    happened: str
    next_step: str


_UNKNOWN = Wording(happened="That purchase could not be made", next_step="Please try again later.")

_WORDINGS = {
    "NOT_LINKED": Wording(
        happened="This account is not synced to a card yet", next_step="Sync it first: the address is in our profile."
    ),
    "LINK_PENDING": Wording(
        happened="Your sync is not finished", next_step="Finish it first: the address is in our profile."
    ),
    "ACCOUNT_PROTECTED": Wording(
        happened="Your posts are protected", next_step="Make the account public to buy by hashtag."
    ),
    "CARD_PREPAID": Wording(happened="Prepaid cards cannot buy here", next_step="Sync a consumer card instead."),
    "CARD_CORPORATE": Wording(happened="Corporate cards cannot buy here", next_step="Sync a personal card instead."),
    "CARD_GIFT": Wording(happened="Gift cards cannot buy here", next_step="Sync a consumer card instead."),
    "CARD_WRONG_COUNTRY": Wording(
        happened="Your card is from another country", next_step="Sync a card issued where the offer is."
    ),
    "CARD_BRAND_NOT_ACCEPTED": Wording(
        happened="Your card cannot buy here", next_step="Sync an American Express consumer card."
    ),
    "LINK_FROZEN": Wording(happened="Your sync is frozen", next_step="Sync again to thaw it."),
    "LINK_NOT_ACTIVE": Wording(happened="Your sync is not active", next_step="Sync again to buy."),
    "TWO_TAGS": Wording(happened="Your post has two product tags", next_step="Post one tag at a time, please."),
    "POST_TOO_OLD": Wording(happened="Your post reached us too late", next_step="Please post again."),
    "TOO_MANY_OPEN": Wording(
        happened="You have several purchases open", next_step="Confirm or let go of one, then post again."
    ),
    "COOLING_DOWN": Wording(
        happened="Several of your purchases were not confirmed", next_step="Please try again in an hour."
    ),
    "REPLY_NOT_POSSIBLE": Wording(
        happened="We could not reply to your post", next_step="Mention our account in your next post, please."
    ),
    "HOLD_LAPSED": Wording(happened="Your unit was given back meanwhile", next_step="Please post again."),
    "OFFER_NOT_FOUND": Wording(happened="That offer is not there", next_step="See Favorites for what is."),
    "OFFER_NOT_STARTED": Wording(happened="That offer has not started", next_step="See Favorites for its start."),
    "OFFER_ENDED": Wording(happened="That offer has ended", next_step="See Favorites for what is on."),
    "OFFER_PAUSED": Wording(happened="That offer is paused", next_step="Please try again later."),
    "CHANNEL_NOT_SERVED": Wording(happened="That offer is not on this network", next_step="See Favorites."),
    "COUNTRY_NOT_SERVED": Wording(happened="That offer does not ship to your address", next_step="See Favorites."),
    "SOLD_OUT": Wording(happened="Sold out", next_step="See Favorites for what is left."),
    "ALL_HELD": Wording(
        happened="All are held for others just now", next_step="Some may come back: try again in 15 minutes."
    ),
    "LIMIT_REACHED": Wording(happened="You have as many as one member may have", next_step="Thank you!"),
    "ALREADY_OPEN": Wording(
        happened="You have this purchase open already", next_step="Confirm it with the tag in our first reply."
    ),
    "TOO_BUSY": Wording(happened="Too many are buying just now", next_step="Please post again in a minute."),
    "TOO_LATE": Wording(
        happened="Your confirmation came too late", next_step="Nothing was charged; post again to buy."
    ),
    "ORDER_OVER": Wording(happened="That purchase is over", next_step="Nothing more was charged; post again to buy."),
}


def wording_of(reason: str) -> Wording:
    """Give the words for a stable reason; an unknown one gets a sentence that is true of all."""
    return _WORDINGS.get(reason, _UNKNOWN)
