"""The card network, from outside: cards to be had there, and its own ledger of what was asked and taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import aiohttp

from sandbox.cardnet.card_numbers import mint_number

CALL_SECONDS_MAX = 10.0


class CardKind(StrEnum):
    """Ranges of test cards, by what they do (see the card network's README)."""

    GOOD = "378282"
    PREPAID = "377700"
    CORPORATE = "378734"
    DECLINED = "379901"
    ANSWER_LOST = "379903"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card in somebody's wallet."""

    number: str
    name: str

    @property
    def last4(self) -> str:
        """What is printed on receipts."""
        return self.number[-4:]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Authorization:
    """One authorization as the network keeps it; amounts in minor units."""

    state: str
    amount_minor: int
    captured_minor: int = 0
    refunded_minor: int = 0


def mint_card(kind: CardKind, account: int, *, name: str) -> Card:
    """Give the n-th card of a kind."""
    return Card(number=mint_number(account, card_range=kind.value), name=name)


class CardNetwork:
    """Reads what the network's own page shows."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self.url = session, url

    async def authorizations(self, reference: str, *, last4: str) -> Sequence[Authorization]:
        """Give every authorization ever asked for with this reference, declined ones too."""
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS_MAX)
        async with self._session.get(f"{self.url}/sandbox/view", params={"last4": last4}, timeout=timeout) as response:
            rows = (await response.json())["authorizations"]
        return sorted(
            Authorization(
                state=row["authorization"]["state"],
                amount_minor=row["authorization"]["amount_minor"],
                captured_minor=row["authorization"]["captured_minor"],
                refunded_minor=row["refunded_minor"],
            )
            for row in rows
            if reference in row["authorization"]["reference"]
        )
