"""Stories: the ways a purchase can go, each told by its people; a seed plays two dozen of them at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.simulation import confirming_stories, ending_stories
from tests.simulation.processor import CardKind

Told = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story, how often it is chosen, and the people it needs: their cards, None for somebody without a link."""

    tell: Told
    weight: int = 1
    cast: tuple[CardKind | None, ...] = (CardKind.GOOD,)
    protected: bool = False
    orders: int = 1
    """How many orders it makes, as a rule."""


STORIES: dict[str, Story] = {
    "reply": Story(tell=confirming_stories.reply, weight=3),
    "plain post": Story(tell=confirming_stories.plain_post, weight=2),
    "quote": Story(tell=confirming_stories.quote),
    "repost": Story(tell=confirming_stories.repost, weight=2),
    "mail button": Story(tell=confirming_stories.mail_button, weight=2),
    "order page": Story(tell=confirming_stories.order_page),
    "digital": Story(tell=confirming_stories.digital),
    "at the last moment": Story(tell=confirming_stories.at_the_last_moment, weight=3),
    "too late": Story(tell=confirming_stories.too_late),
    "never": Story(tell=confirming_stories.never),
    "wrong author": Story(tell=confirming_stories.wrong_author, cast=(CardKind.GOOD, CardKind.GOOD)),
    "duplicates": Story(tell=confirming_stories.duplicates, weight=2),
    "edited purchase": Story(tell=confirming_stories.edited_purchase),
    "edited confirmation": Story(tell=confirming_stories.edited_confirmation),
    "deleted before": Story(tell=confirming_stories.deleted_before, weight=2),
    "deleted after": Story(tell=confirming_stories.deleted_after),
    "last unit": Story(tell=confirming_stories.last_unit, cast=(CardKind.GOOD,) * 3, orders=3),
    "declined": Story(tell=ending_stories.declined, cast=(CardKind.DECLINED,)),
    "cancel in remorse": Story(tell=ending_stories.cancel_in_remorse, weight=2),
    "cancel at once": Story(tell=ending_stories.cancel_at_once, weight=2),
    "cancel unconfirmed": Story(tell=ending_stories.cancel_unconfirmed),
    "not me": Story(tell=ending_stories.not_me, weight=2),
    "link ended": Story(tell=ending_stories.link_ended, weight=2),
    "link ends while confirming": Story(tell=ending_stories.link_ends_while_confirming),
    "returned": Story(tell=ending_stories.returned),
    "refund refused": Story(tell=ending_stories.returned, cast=(CardKind.NO_REFUND,)),
    "unshipped": Story(tell=ending_stories.unshipped),
    "accepted, unshipped": Story(tell=ending_stories.accepted_unshipped),
    "lapses at capture": Story(tell=confirming_stories.reply, cast=(CardKind.LAPSES_AT_CAPTURE,)),
    "lapses always": Story(tell=confirming_stories.reply, cast=(CardKind.LAPSES_ALWAYS,)),
    "lapses, then declines": Story(tell=confirming_stories.reply, cast=(CardKind.LAPSES_THEN_DECLINES,)),
    "capture declined": Story(tell=confirming_stories.reply, cast=(CardKind.CAPTURE_DECLINED,)),
    "lapses soon": Story(tell=ending_stories.unshipped, cast=(CardKind.LAPSES_SOON,)),
    "lapses unshipped": Story(tell=ending_stories.unshipped, cast=(CardKind.LAPSES_UNSHIPPED,)),
    "stranger": Story(tell=ending_stories.stranger, cast=(None,), orders=0),
    "protected": Story(tell=ending_stories.protected, protected=True, orders=0),
    "two tags": Story(tell=ending_stories.two_tags, orders=0),
    "ended offer": Story(tell=ending_stories.ended_offer, orders=0),
    "many open": Story(tell=ending_stories.many_open, orders=3),
}
