"""The real card network beside payments: its cards, its faults and its own account of what it did."""

from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from services.payments.tests.payments_world import ADDRESS, CVV, NOW

from kernel.ids import CardToken
from kernel.refusals import Refusal
from kernel.secret import Secret
from payments.domain.card import KnownCard, PostalAddress, TokenizedCard, VaultCard
from payments.domain.card_entry import CardEntry
from payments.outbound.http_processor import HttpProcessor
from payments.usecases.ports import Transactions
from sandbox.cardnet.card_numbers import mint_number

GOOD, DECLINED, DECLINED_AT_CAPTURE = "378282", "379901", "379902"
LOST_AFTER, LOST_BEFORE, FAILS_ONCE, SLOW = "379903", "379904", "379905", "379906"
LAPSES, LOST_AFTER_CAPTURE = "379907", "379908"


@dataclass(slots=True)
class Cardnet:
    """A running card network, and a client for what payments itself never asks."""

    session: ClientSession
    url: str
    key: str
    accounts: int = 0

    def processor(self, *, call_seconds: float = 1.0, key: str = "") -> HttpProcessor:
        return HttpProcessor(self.session, url=self.url, key=Secret(key or self.key), call_seconds=call_seconds)

    async def card(self, transactions: Transactions, card_range: str) -> CardToken:
        """Tokenise another card of a range and put it in the vault."""
        self.accounts += 1
        entry = entry_of(mint_number(self.accounts, card_range=card_range))
        tokenized = await self.processor().tokenize(entry, key=f"card-{self.accounts}")
        assert isinstance(tokenized, TokenizedCard), tokenized
        token = CardToken(f"tok_{self.accounts}")
        async with transactions.begin() as unit:
            await unit.cards.add(_vault_card(token, tokenized))
        return token

    async def arm(self, operation: str, kind: str, *, count: int = 1) -> None:
        """Arm a fault."""
        body = {"operation": operation, "kind": kind, "count": count}
        async with self.session.post(f"{self.url}/sandbox/faults", json=body) as answer:
            answer.raise_for_status()

    async def ledger(self) -> list[dict[str, Any]]:
        """Read what the network moved."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.session.get(f"{self.url}/v1/ledger", headers=headers) as answer:
            movements: list[dict[str, Any]] = (await answer.json())["movements"]
            return movements

    async def kinds(self) -> list[str]:
        """Name its movements, oldest first."""
        return [movement["kind"] for movement in await self.ledger()]


def entry_of(number: str, *, cvv: str = CVV, billing: PostalAddress = ADDRESS) -> CardEntry:
    """Type a card."""
    return CardEntry(number=Secret(number), cvv=Secret(cvv), exp_month=12, exp_year=2030, billing=billing)


def refusal_field(answer: TokenizedCard | Refusal) -> str:
    """Name the field a refused card must be corrected in."""
    assert isinstance(answer, Refusal), answer
    return answer.facts["field"]


def _vault_card(token: CardToken, tokenized: TokenizedCard) -> VaultCard:
    known = KnownCard(
        card_token=token, facts=tokenized.facts, billing_country="US", billing_region="NY", entered_at=NOW
    )
    return VaultCard(
        known=known, processor_token=tokenized.processor_token, billing=Secret(ADDRESS), fingerprint=b"f" * 32
    )
