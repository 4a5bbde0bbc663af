"""The vault and the card sessions in PostgreSQL: every query a named method, what is personal sealed on the way."""

from collections.abc import Collection, Mapping
from datetime import datetime

from asyncpg import Record
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from kernel.ids import CardToken
from payments.domain.card import (
    CardProduct,
    ChargeableCard,
    IssuerFacts,
    KnownCard,
    PostalAddress,
    VaultCard,
)
from payments.domain.card_session import CardSession
from payments.outbound.vault import Vault

_ADD = """
INSERT INTO card (card_token, brand, product, country, last4, account_reference, billing_country, billing_region,
    processor_token_sealed, billing_sealed, fingerprint, entered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

_KNOWN = """
SELECT card_token, brand, product, country, last4, account_reference, billing_country, billing_region, entered_at
FROM card WHERE card_token = ANY($1::text[])
"""

_CHARGEABLE = "SELECT card_token, processor_token_sealed, last4 FROM card WHERE card_token = ANY($1::text[])"

_ADDRESSES = "SELECT card_token, billing_sealed FROM card WHERE card_token = ANY($1::text[])"

_ADD_SESSION = """
INSERT INTO card_session (card_session_id, browser_session, return_url, form_token, expires_at, entries, card_token)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_SESSION = """
SELECT card_session_id, browser_session, return_url, form_token, expires_at, entries, card_token
FROM card_session WHERE card_session_id = $1
"""

_SAVE_SESSION = "UPDATE card_session SET entries = $2, card_token = $3 WHERE card_session_id = $1"

_FORGET = "DELETE FROM card_session WHERE expires_at < $1"


class PostgresCards:
    """The vault of one transaction."""

    def __init__(self, connection: AsyncConnection, *, vault: Vault) -> None:
        self._connection, self._vault = connection, vault

    async def add(self, card: VaultCard) -> None:
        """Put a card in; processor token and address are sealed."""
        known, facts = card.known, card.known.facts
        await execute_unnest(
            self._connection,
            _ADD,
            known.card_token,
            facts.brand,
            facts.product.value,
            facts.country,
            facts.last4,
            facts.account_reference,
            known.billing_country,
            known.billing_region,
            self._vault.seal_token(known.card_token, card.processor_token),
            self._vault.seal_billing(known.card_token, card.billing),
            card.fingerprint,
            known.entered_at,
        )

    async def known(self, tokens: Collection[CardToken]) -> Mapping[CardToken, KnownCard]:
        """Load what may be known of cards; nothing is opened for it."""
        rows = await fetch_unnest(self._connection, _KNOWN, list(tokens))
        return {CardToken(row["card_token"]): _known_of_row(row) for row in rows}

    async def chargeable(self, tokens: Collection[CardToken]) -> Mapping[CardToken, ChargeableCard]:
        """Load what charges need; the addresses stay sealed."""
        if not tokens:
            return {}
        rows = await fetch_unnest(self._connection, _CHARGEABLE, list(tokens))
        return {CardToken(row["card_token"]): self._chargeable_of_row(row) for row in rows}

    async def addresses(self, tokens: Collection[CardToken]) -> Mapping[CardToken, PostalAddress]:
        """Load billing addresses; the processor's tokens stay sealed."""
        rows = await fetch_unnest(self._connection, _ADDRESSES, list(tokens))
        return {
            CardToken(row["card_token"]): self._vault.open_billing(row["card_token"], row["billing_sealed"])
            for row in rows
        }

    def _chargeable_of_row(self, row: Record) -> ChargeableCard:
        token = self._vault.open_token(row["card_token"], row["processor_token_sealed"])
        return ChargeableCard(processor_token=token, last4=row["last4"])


class PostgresCardSessions:
    """The card sessions of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: CardSession) -> None:
        """Write a new one."""
        await execute_unnest(
            self._connection,
            _ADD_SESSION,
            session.card_session_id,
            session.browser_session,
            session.return_url,
            session.form_token,
            session.expires_at,
            session.entries,
            session.card_token,
        )

    async def by_id(self, card_session_id: str) -> CardSession | None:
        """Load one."""
        return await self._load(_SESSION, card_session_id)

    async def locked(self, card_session_id: str) -> CardSession | None:
        """Load one to change it, locked until the transaction ends."""
        return await self._load(_SESSION + " FOR UPDATE", card_session_id)

    async def save(self, session: CardSession) -> None:
        """Write how often it was tried and which card was entered."""
        await execute_unnest(
            self._connection, _SAVE_SESSION, session.card_session_id, session.entries, session.card_token
        )

    async def forget(self, *, ended_before: datetime) -> int:
        """Delete sessions that ended long ago; gives how many."""
        return await execute_unnest(self._connection, _FORGET, ended_before)

    async def _load(self, statement: str, card_session_id: str) -> CardSession | None:
        rows = await fetch_unnest(self._connection, statement, card_session_id)
        return _session_of_row(rows[0]) if rows else None


def _known_of_row(row: Record) -> KnownCard:
    facts = IssuerFacts(
        brand=row["brand"],
        product=CardProduct(row["product"]),
        country=row["country"],
        last4=row["last4"],
        account_reference=row["account_reference"],
    )
    return KnownCard(
        card_token=CardToken(row["card_token"]),
        facts=facts,
        billing_country=row["billing_country"],
        billing_region=row["billing_region"],
        entered_at=row["entered_at"],
    )


def _session_of_row(row: Record) -> CardSession:
    return CardSession(
        card_session_id=row["card_session_id"],
        browser_session=row["browser_session"],
        return_url=row["return_url"],
        form_token=row["form_token"],
        expires_at=row["expires_at"],
        entries=row["entries"],
        card_token=None if row["card_token"] is None else CardToken(row["card_token"]),
    )
