"""Books: what must be written everywhere of a purchase that ended so, and what is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.faults.failpoints_people import patiently

from hashtill_cli.scenarios.expecting import CAPTURED, REFUNDED, SOLD_MAILS, VOIDED
from hashtill_cli.scenarios.waiting import eventually
from hashtill_cli.scenarios.world.card_network import Authorization
from hashtill_cli.scenarios.world.purchase import (
    EXPIRED_MAIL,
    MAILS,
    PROMPT_MAIL,
    RECEIPT_MAIL,
    REFUND_MAIL,
    TAKEN_BACK_MAIL,
    Purchase,
)

LOOK_SECONDS = 10.0
"""X's timeline and the mailbox are read over connections of their own; a busy machine may lag behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the card network and the mailbox hold (a repeated mail counts once), and what the program said in public.

    `answers` are the replies to each post of the member, `announced` how often the offer was.
    """

    charges: tuple[Authorization, ...] = ()
    mails: Mapping[str, int] = field(default_factory=dict)
    answers: tuple[int, ...] = (1,)
    announced: int = 1


SOLD = Books(charges=CAPTURED, mails=SOLD_MAILS)
LAPSED = Books(mails={PROMPT_MAIL: 1, EXPIRED_MAIL: 1})
RETURNED = Books(charges=REFUNDED, mails={**SOLD_MAILS, REFUND_MAIL: 1})
CANCELLED = Books(mails={PROMPT_MAIL: 1, TAKEN_BACK_MAIL: 1})
TAKEN_BACK = Books(charges=VOIDED, mails={PROMPT_MAIL: 1, RECEIPT_MAIL: 1, TAKEN_BACK_MAIL: 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A purchase that was played: how it should end, and how it may when the strike cost somebody's time."""

    purchase: Purchase
    confirmed_by: Sequence[str] = ()
    ends: Mapping[str, Books]
    """By state; the first is as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a story ended."""

    title: str
    lapsed: bool = False
    """Another end than it would have had undisturbed, and a legitimate one."""
    repeats: int = 0
    """Mails that came twice with the same Message-ID."""
    problem: str = ""


async def end_of(told: Told) -> str:
    """Wait for one of its ends. Raises NeverHappenedError."""
    purchase = told.purchase
    return await patiently(purchase.state, told.ends.__contains__, what=f"an end of order {purchase.order_id}")


async def judged(title: str, told: Told) -> Ending:
    """Look at the state and the books when nothing moves any more."""
    purchase, posts = told.purchase, (told.purchase.post_id, *told.confirmed_by)
    state = await patiently(purchase.state, bool, what=f"a word on order {purchase.order_id}")
    expected = replace(told.ends.get(state, Books()), answers=(1,) * len(posts))
    seen = await eventually(lambda: _books_of(purchase, posts), expected.__eq__, seconds=LOOK_SECONDS)
    wrong = state not in told.ends or seen != expected
    return Ending(
        title=title,
        lapsed=state != next(iter(told.ends)),
        repeats=await _repeats_of(purchase),
        problem=f"order {purchase.order_id} {state}: {seen!r} instead of {expected!r}" if wrong else "",
    )


async def _books_of(purchase: Purchase, posts: Sequence[str]) -> Books:
    mails = await purchase.mailbox.mails(purchase.member.email)
    return Books(
        charges=tuple(await purchase.charges()),
        mails=Counter(subject for each in mails for subject in MAILS if subject in each.subject),
        answers=tuple(len(purchase.x.answers_to(post_id)) for post_id in posts),
        announced=len(purchase.x.announcements_of(purchase.offer.tag)),
    )


async def _repeats_of(purchase: Purchase) -> int:
    return sum(each.arrivals - 1 for each in await purchase.mailbox.mails(purchase.member.email))
