"""Links end for good: by the cardmember, or because the network says our access was withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.domain.events import facts_of
from identity.domain.link import EndReason, Link, end, same_browser
from identity.usecases.ports import LinkAccount, Transactions
from identity.usecases.read_links import link_not_found
from kernel.ids import LinkId
from kernel.refusals import Refusal

REVOKED_CONSUMER = "identity-revoked"
"""The durable consumer, and the name under which its messages are noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """The network told that an account withdrew our access."""

    message_id: str
    account: LinkAccount
    at: datetime


async def unlink(
    link_id: LinkId, *, browser_session: str, reason: EndReason, transactions: Transactions
) -> Link | Refusal:
    """End one link; when a browser session is given, only for the browser that started it. An ended one stays."""
    async with transactions.begin() as unit:
        link = await unit.links.locked(link_id)
        if link is None:
            return link_not_found()
        if browser_session and (refusal := same_browser(link.browser_session, asked_by=browser_session)) is not None:
            return refusal
        decided = end(link, reason=reason, at=unit.at)
        if decided is not link:
            saved = await unit.links.save([decided])
            await unit.grants.release([link_id], at=unit.at)
            await unit.outbox.add(facts_of(*saved, at=unit.at))
    return decided


async def end_revoked(revoked: Sequence[Revoked], *, transactions: Transactions) -> None:
    """End the links of accounts that withdrew our access, in the transaction of their inbox rows.

    A link begun after the withdrawal has access of its own: a withdrawal may be heard late, or be our own doing.
    """
    async with transactions.begin() as unit:
        fresh = await unit.inbox.add([each.message_id for each in revoked], consumer=REVOKED_CONSUMER)
        latest = {
            each.account: each.at for each in sorted(revoked, key=lambda each: each.at) if each.message_id in fresh
        }
        held = await unit.links.holding(sorted(latest))
        lost = [link for link in held if link.consented_at <= latest[link.account]]
        saved = await unit.links.save([end(link, reason=EndReason.NETWORK, at=unit.at) for link in lost])
        await unit.grants.release([link.link_id for link in saved], at=unit.at)
        await unit.outbox.add(facts_of(*saved, at=unit.at))
