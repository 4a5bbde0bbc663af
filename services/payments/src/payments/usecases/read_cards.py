"""Cards are read: what may be known of one, and the billing addresses of many."""

from collections.abc import Sequence

from kernel.ids import CardToken
from kernel.refusals import Refusal
from payments.domain.authorizing import card_not_found
from payments.domain.card import KnownCard, PostalAddress
from payments.domain.card_session import entered_token, same_browser, session_not_found
from payments.usecases.enter_card import Visit
from payments.usecases.ports import Transactions


async def describe_entered_card(visit: Visit, *, transactions: Transactions) -> KnownCard | Refusal:
    """Tell what may be known of the card entered in a session, to its own browser alone."""
    async with transactions.begin() as unit:
        session = await unit.sessions.by_id(visit.card_session_id)
        if session is None:
            return session_not_found()
        if (refusal := same_browser(session, asked_by=visit.browser_session)) is not None:
            return refusal
        token = entered_token(session, at=unit.at)
        if isinstance(token, Refusal):
            return token
        return (await unit.cards.known([token])).get(token) or card_not_found()


async def describe_card(token: CardToken, *, transactions: Transactions) -> KnownCard | Refusal:
    """Tell what may be known of a card."""
    async with transactions.begin() as unit:
        return (await unit.cards.known([token])).get(token) or card_not_found()


async def batch_get_billing_addresses(
    tokens: Sequence[CardToken], *, transactions: Transactions
) -> list[PostalAddress | Refusal]:
    """Read where goods ship to, one result each in the same order."""
    async with transactions.begin() as unit:
        found = await unit.cards.addresses(set(tokens))
    return [found.get(token) or card_not_found() for token in tokens]
