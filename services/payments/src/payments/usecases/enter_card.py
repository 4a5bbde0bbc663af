"""A card is entered: counted, exchanged at the processor for its token, and put in the vault without its number."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import CardToken
from kernel.refusals import Refusal
from kernel.secret import Secret
from payments.domain.card import KnownCard, TokenizedCard, VaultCard
from payments.domain.card_entry import CardEntry
from payments.domain.card_session import CardSession, may_enter, same_browser, session_not_found
from payments.domain.events import CardFact
from payments.usecases.ports import Fingerprints, Processor, Transactions

_TOKEN_BYTES = 16
"""A card token is `tok_` and 128 random bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who opens the card page: the session in the address, and the hash of the browser's cookie."""

    card_session_id: str
    browser_session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDesk:
    """What entering a card needs of the world."""

    transactions: Transactions
    processor: Processor
    fingerprints: Fingerprints


async def open_card_page(visit: Visit, *, transactions: Transactions) -> tuple[CardSession, datetime] | Refusal:
    """Find the session of a visit, and the time; refuses unknown, used and old sessions, and other browsers."""
    async with transactions.begin() as unit:
        session = await unit.sessions.by_id(visit.card_session_id)
        at = unit.at
    if session is None:
        return session_not_found()
    return same_browser(session, asked_by=visit.browser_session) or may_enter(session, at=at) or (session, at)


async def enter_card(session: CardSession, entry: CardEntry, *, desk: CardDesk) -> CardSession | Refusal:
    """Enter a card; the processor's refusal leaves the session open for another try, of which there are few."""
    counted = await _count(session, transactions=desk.transactions)
    if isinstance(counted, Refusal):
        return counted
    key = f"token:{counted.card_session_id}:{counted.entries}"
    tokenized = await desk.processor.tokenize(entry, key=key)
    failpoint(FailPoint.PAYMENTS_CARD_ANSWERED)
    if isinstance(tokenized, Refusal):
        return tokenized
    fingerprint = desk.fingerprints.of(entry.number.reveal())
    return await _keep(counted, entry, tokenized, fingerprint=fingerprint, transactions=desk.transactions)


async def _count(session: CardSession, *, transactions: Transactions) -> CardSession | Refusal:
    """Count the try before it is made, so that parallel ones count too."""
    async with transactions.begin() as unit:
        current = await unit.sessions.locked(session.card_session_id)
        if current is None:
            return session_not_found()
        if (refusal := may_enter(current, at=unit.at)) is not None:
            return refusal
        counted = replace(current, entries=current.entries + 1)
        await unit.sessions.save(counted)
    return counted


async def _keep(
    session: CardSession,
    entry: CardEntry,
    tokenized: TokenizedCard,
    *,
    fingerprint: bytes,
    transactions: Transactions,
) -> CardSession | Refusal:
    """Put the card in and end the session; of parallel entries the first wins."""
    async with transactions.begin() as unit:
        current = await unit.sessions.locked(session.card_session_id)
        if current is None:
            return session_not_found()
        if (refusal := may_enter(replace(current, entries=0), at=unit.at)) is not None:
            return refusal
        known = _known_card(entry, tokenized, at=unit.at)
        card = VaultCard(
            known=known,
            processor_token=tokenized.processor_token,
            billing=Secret(entry.billing),
            fingerprint=fingerprint,
        )
        entered = replace(current, card_token=known.card_token)
        await unit.cards.add(card)
        await unit.sessions.save(entered)
        await unit.outbox.add([CardFact(card=known, at=unit.at)])
    failpoint(FailPoint.PAYMENTS_CARD_COMMITTED)
    return entered


def _known_card(entry: CardEntry, tokenized: TokenizedCard, *, at: datetime) -> KnownCard:
    return KnownCard(
        card_token=CardToken(f"tok_{secrets.token_hex(_TOKEN_BYTES)}"),
        facts=tokenized.facts,
        billing_country=entry.billing.country_code,
        billing_region=entry.billing.region,
        entered_at=at,
    )
