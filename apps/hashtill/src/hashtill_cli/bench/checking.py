"""Checking a run: every order has its one authorization at the card network and its one receipt, nothing else has."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg

PAGE = 1_000
PAGES_MAX = 1_000
"""A million movements; a run has tens of thousands."""

_ORDERS = """
SELECT count(*) FILTER (WHERE charge_id IS NOT NULL) AS authorised, count(*) AS made, count(DISTINCT post_id) AS posts
FROM orders
"""

_CHARGES = """
SELECT count(*) FILTER (WHERE state = 'AUTHORIZED') AS authorised, count(*) AS made, count(DISTINCT order_id) AS orders
FROM charge
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What each side has written down."""

    orders: Mapping[str, int]
    charges: Mapping[str, int]
    card_network: Mapping[str, int] | None
    """Authorizations by reference; None when no card network was asked."""


async def read_kept(databases: Mapping[str, str], *, card_network: str, key: str, core: bool) -> Kept:
    """Read orders' and payments' tables and the card network's own ledger."""
    return Kept(
        orders=await _row(databases["orders"], _ORDERS),
        charges=await _row(databases["payments"], _CHARGES),
        card_network=None if core else await _authorizations(card_network, key),
    )


def problems_of(seen: Mapping[str, Any], kept: Kept) -> list[str]:
    """Say what does not agree, one sentence each; nothing when nothing was lost or doubled."""
    begun, ended, unfinished = seen["begun"], seen["ended"], seen["unfinished"]
    expected = {
        f"{unfinished} purchases did not end within the drain": unfinished == 0,
        f"{begun} purchases were begun, {kept.orders['made']} orders made": kept.orders["made"] == begun,
        f"{ended} receipts ended purchases, {kept.orders['authorised']} orders are authorised": kept.orders[
            "authorised"
        ]
        == ended,
        f"{kept.charges['made']} charges for {kept.orders['authorised']} authorised orders": kept.charges["made"]
        == kept.charges["orders"]
        == kept.charges["authorised"]
        == kept.orders["authorised"],
        f"{seen['surplus_receipts']} receipts too many": seen["surplus_receipts"] == 0,
        f"{seen['surplus_replies']} prompts too many": seen["surplus_replies"] == 0,
    }
    if kept.card_network is not None:
        made, doubled = len(kept.card_network), sum(count > 1 for count in kept.card_network.values())
        expected[f"the card network has {made} authorizations for {kept.charges['made']} charges"] = (
            made == kept.charges["made"]
        )
        expected[f"{doubled} orders have several authorizations at the card network"] = doubled == 0
    return [sentence for sentence, holds in expected.items() if not holds]


async def _row(dsn: str, statement: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(statement)
    finally:
        await connection.close()
    return dict(row or {})


async def _authorizations(url: str, key: str) -> Counter[str]:
    found, after = Counter[str](), 0
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for _ in range(PAGES_MAX):
            asked = {"after": str(after), "limit": str(PAGE)}
            async with http.get(f"{url}/v1/ledger", params=asked) as answer:
                page = await answer.json()
            found.update(each["reference"] for each in page["movements"] if each["kind"] == "authorization")
            if not page["has_more"]:
                break
            after = page["movements"][-1]["sequence"]
    return found
