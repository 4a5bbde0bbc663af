"""Links are frozen: one by an operator, or every link of a cardmember who said "not me"."""

from collections.abc import Sequence
from dataclasses import dataclass

from identity.domain.events import facts_of
from identity.domain.link import Link, freeze
from identity.usecases.ports import LinkAccount, Transactions
from identity.usecases.read_links import link_not_found
from kernel.failpoints import FailPoint, failpoint
from kernel.ids import LinkId
from kernel.refusals import Refusal

DISOWNED_CONSUMER = "identity-disowned"
"""The durable consumer, and the name under which its messages are noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disowned:
    """A cardmember disowned an order made through this account."""

    message_id: str
    account: LinkAccount


async def freeze_link(link_id: LinkId, *, reason: str, transactions: Transactions) -> Link | Refusal:
    """Freeze one link; a frozen one stays as it is."""
    async with transactions.begin() as unit:
        link = await unit.links.locked(link_id)
        if link is None:
            return link_not_found()
        decided = freeze(link, reason=reason, at=unit.at)
        if isinstance(decided, Refusal) or decided is link:
            return decided
        saved = await unit.links.save([decided])
        await unit.outbox.add(facts_of(*saved, at=unit.at))
    return decided


async def freeze_disowned(disowned: Sequence[Disowned], *, transactions: Transactions) -> None:
    """Freeze the links that hold the accounts of disowned orders, in the transaction of their inbox rows."""
    async with transactions.begin() as unit:
        fresh = await unit.inbox.add([each.message_id for each in disowned], consumer=DISOWNED_CONSUMER)
        accounts = sorted({each.account for each in disowned if each.message_id in fresh})
        held = await unit.links.holding(accounts)
        decided = [freeze(link, reason="NOT_ME", at=unit.at) for link in held]
        changed = [new for old, new in zip(held, decided, strict=True) if isinstance(new, Link) and new is not old]
        saved = await unit.links.save(changed)
        await unit.outbox.add(facts_of(*saved, at=unit.at))
        failpoint(FailPoint.IDENTITY_FREEZE_UNCOMMITTED)
    failpoint(FailPoint.IDENTITY_FREEZE_COMMITTED)
