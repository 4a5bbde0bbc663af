"""Expecting: what must be true of a purchase at its end, in the words of those who keep the books."""

from collections.abc import Mapping, Sequence

from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.campaign import TOTAL_MINOR
from hashtill_cli.scenarios.world.card_network import Authorization
from hashtill_cli.scenarios.world.purchase import PROMPT_MAIL, RECEIPT_MAIL, SHIPPED_MAIL, Purchase
from hashtill_cli.scenarios.world.services import NO_ORDER

CAPTURED = (Authorization(state="captured", amount_minor=TOTAL_MINOR, captured_minor=TOTAL_MINOR),)
VOIDED = (Authorization(state="voided", amount_minor=TOTAL_MINOR),)
DECLINED = (Authorization(state="declined", amount_minor=TOTAL_MINOR),)
REFUNDED = (
    Authorization(state="captured", amount_minor=TOTAL_MINOR, captured_minor=TOTAL_MINOR, refunded_minor=TOTAL_MINOR),
)

SOLD_MAILS = {PROMPT_MAIL: 1, RECEIPT_MAIL: 1, SHIPPED_MAIL: 1}


def completed(purchase: Purchase, *, confirmed_by: Sequence[str] = (), asked_by: str = "") -> list[Expectation]:
    """Expect a purchase shipped and paid, once; each post of the member was answered once.

    `asked_by` is the version of the post that bought, when it is not the first one.
    """
    return [
        *sold(purchase),
        stock(purchase, (purchase.offer.stock - 1, 0, 1)),
        *(answers(purchase, post_id, number=1) for post_id in (asked_by or purchase.post_id, *confirmed_by)),
    ]


def sold(purchase: Purchase) -> list[Expectation]:
    """Expect an order shipped and paid, and three mails about it."""
    return ended(purchase, "COMPLETED", charges=CAPTURED, ledger=("AUTHORIZE", "CAPTURE"), mails=SOLD_MAILS)


def ended(
    purchase: Purchase,
    state: str,
    *,
    charges: Sequence[Authorization] = (),
    ledger: Sequence[str] = (),
    mails: Mapping[str, int],
    amount_minor: int = TOTAL_MINOR,
) -> list[Expectation]:
    """Expect an order to end so, at every place that keeps a book of it."""

    async def at_the_network() -> object:
        return tuple(await purchase.charges())

    async def in_the_ledger() -> object:
        return tuple(await purchase.ledger())

    entries = tuple((kind, amount_minor) for kind in ledger)
    return [
        Expectation(what="order", expected=state, read=purchase.state),
        Expectation(what="charges at the card network", expected=tuple(charges), read=at_the_network),
        Expectation(what="ledger", expected=entries, read=in_the_ledger),
        Expectation(what="mails", expected=dict(mails), read=purchase.mails),
    ]


def never_ordered(purchase: Purchase, *, replies: int) -> list[Expectation]:
    """Expect a post that made no order, and was answered so often."""
    return [
        *ended(purchase, NO_ORDER, mails={}),
        stock(purchase, (purchase.offer.stock, 0, 0)),
        answers(purchase, purchase.post_id, number=replies),
    ]


def stock(purchase: Purchase, numbers: tuple[int, int, int]) -> Expectation:
    """Expect an offer's stock: available, held, committed."""
    return Expectation(what="stock (left, held, sold)", expected=numbers, read=purchase.stock)


def answers(purchase: Purchase, post_id: str, *, number: int) -> Expectation:
    """Expect so many replies to a post."""

    async def count() -> object:
        return len(purchase.x.answers_to(post_id))

    return Expectation(what=f"replies to post {post_id[-4:]}", expected=number, read=count)


def says(purchase: Purchase, post_id: str, words: str) -> Expectation:
    """Expect the reply to a post to say something."""

    async def whether() -> object:
        return any(words in reply.text for reply in purchase.x.answers_to(post_id))

    return Expectation(what=f"the reply says {words!r}", expected=True, read=whether)
