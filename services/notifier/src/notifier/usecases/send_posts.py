"""Posts and replies go out: lease the most urgent, post them side by side, write down what became of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import Network, OrderId
from notifier.domain.delivery import NOT_SEEN, Channel, Delivery, Purpose, Urgency, skipped
from notifier.domain.quota import Quota, Spending, spend
from notifier.usecases.doubts import Doubts
from notifier.usecases.give_back import give_back, leasing, untried
from notifier.usecases.in_hand import InHand
from notifier.usecases.ports import (
    DUPLICATE_TEXT,
    NOT_WRITTEN,
    Composer,
    Contacts,
    Leased,
    NotPosted,
    Orders,
    Patiently,
    PostAnswer,
    Posted,
    SocialPosts,
    Transactions,
    Unit,
)
from notifier.usecases.post_outcomes import Outcome, apply_outcomes

CHANNELS = (Channel.POST, Channel.REPLY)

BATCH_MAX = 128
"""Posts a batch: two rounds of what is in flight at once, so that none waits long for a connection."""

LEASE_TIME = timedelta(seconds=3)
"""Kept by whoever has posts in hand; who died loses them so soon. What it had tried is looked for, not said again."""

PROMPT_FRESH = timedelta(seconds=5)
"""A prompt older than this is asked about first: its order may be over (a stale prompt helps nobody)."""

QUOTA_WINDOW = timedelta(minutes=15)
"""X counts replies in windows of this length."""

_MOVED_ON = "ORDER_MOVED_ON"
_NOT_SAID: Posted | NotPosted = NotPosted(reason=_MOVED_ON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What sending posts needs beside the database; `doubts` and `in_hand` are shared by the lanes of the process."""

    networks: Mapping[Network, SocialPosts]
    composer: Composer
    orders: Orders
    contacts: Contacts
    doubts: Doubts = field(default_factory=Doubts)
    in_hand: InHand = field(default_factory=InHand)


async def send_posts(*, transactions: Transactions, posting: Posting, patiently: Patiently) -> int:
    """Send one batch; gives how many deliveries it had."""
    leased, kept_back = await lease_posts(transactions=transactions, patiently=patiently)
    if not leased and not kept_back:
        return 0
    async with posting.in_hand.holding(leased, lease_time=LEASE_TIME, transactions=transactions) as ours:
        if ours or kept_back:
            await _send(ours, aside=kept_back, transactions=transactions, posting=posting, patiently=patiently)
    return len(leased) + len(kept_back)


async def _send(
    leased: Sequence[Leased],
    *,
    aside: Sequence[Delivery],
    transactions: Transactions,
    posting: Posting,
    patiently: Patiently,
) -> None:
    failpoint(FailPoint.NOTIFIER_POST_LEASED)
    unheard = [each for each in leased if each.is_unheard]
    try:
        fresh, stale = await set_stale_aside([each for each in leased if not each.is_unheard], orders=posting.orders)
        wanted, unwanted = await set_unwanted_aside(fresh, contacts=posting.contacts)
        begun = await begin_trying(wanted, transactions=transactions)
    except Exception:
        await give_back(leased, aside=aside, transactions=transactions)
        raise
    failpoint(FailPoint.NOTIFIER_POST_BEGUN)
    calls = [call(each, posting=posting) for each in begun]
    early_looks = [early_look(each, posting=posting) for each in unheard]
    last_looks = [last_look(each, posting=posting) for each in stale]
    outcomes = await asyncio.gather(*calls, *early_looks, *last_looks)
    failpoint(FailPoint.NOTIFIER_POST_ANSWERED)
    aside = [*unwanted, *aside]
    await patiently(partial(apply_outcomes, outcomes, aside=aside, transactions=transactions))
    failpoint(FailPoint.NOTIFIER_POST_COMMITTED)


async def lease_posts(
    *, transactions: Transactions, patiently: Patiently
) -> tuple[Sequence[Leased], Sequence[Delivery]]:
    """Lease: take the most urgent and share the quota out; what may not be spent now is kept back."""
    async with leasing(transactions, patiently) as (unit, leased):
        leased.extend(await unit.deliveries.lease(CHANNELS, limit=BATCH_MAX, lease_time=LEASE_TIME))
        quota = await _quota(leased, unit=unit)
        spending = await _spending(leased, quota=quota, unit=unit)
    allowed = {each.delivery_id for each in spending.allowed}
    until = quota.reset_at if quota else None
    by_id = {each.delivery.delivery_id: each for each in leased}
    kept_back = [untried(by_id[each.delivery_id], until=until or each.next_at) for each in spending.waiting]
    kept_back += [skipped(each, reason="QUOTA") for each in spending.by_mail_alone]
    return [each for each in leased if each.delivery.delivery_id in allowed], kept_back


async def set_stale_aside(leased: Sequence[Leased], *, orders: Orders) -> tuple[Sequence[Leased], Sequence[Leased]]:
    """Ask orders about prompts that are not fresh; those no longer wanted are set aside."""
    asked = [each.delivery for each in leased if _is_stale(each)]
    wanted = await orders.still_prompting(_order_ids(asked)) if asked else set()
    aside = {each.delivery_id for each in asked if each.order_id not in wanted}
    fresh = [each for each in leased if each.delivery.delivery_id not in aside]
    return fresh, [each for each in leased if each.delivery.delivery_id in aside]


async def set_unwanted_aside(
    leased: Sequence[Leased], *, contacts: Contacts
) -> tuple[Sequence[Leased], Sequence[Delivery]]:
    """Ask identity who wants no public receipts; theirs are set aside (the mail says it all)."""
    receipts = [each.delivery for each in leased if each.delivery.urgency is Urgency.RECEIPT]
    members = sorted({each.cardmember_id for each in receipts if each.cardmember_id is not None})
    found = await contacts.of(members) if members else {}
    opted_out = {member for member, recipient in found.items() if recipient.no_receipt_replies}
    aside = [each for each in receipts if each.cardmember_id in opted_out]
    ids = {each.delivery_id for each in aside}
    wanted = [each for each in leased if each.delivery.delivery_id not in ids]
    return wanted, [skipped(each, reason="OPTED_OUT") for each in aside]


async def begin_trying(leased: Sequence[Leased], *, transactions: Transactions) -> Sequence[Leased]:
    """Apply: from now on these may be out; what another took meanwhile, for we stood still, is left to it."""
    if not leased:
        return []
    async with transactions.begin() as unit:
        return await unit.deliveries.begin(leased, lease_time=LEASE_TIME)


async def call(leased: Leased, *, posting: Posting) -> Outcome:
    """Call: post it; when an earlier try's outcome is unknown, look for it first so that nothing is said twice."""
    delivery = leased.delivery
    network = _wire(delivery, posting)
    if network is None:
        return _outcome(leased, NotPosted(reason="NETWORK_NOT_SERVED", for_good=True))
    text = posting.composer.post(delivery)
    if text is None:
        return _outcome(leased, NotPosted(reason=NOT_WRITTEN, unknown=leased.unknown_since is not None))
    if leased.unknown_since is not None:
        found = await _look_for(text, leased, since=leased.unknown_since, network=network, posting=posting)
        if isinstance(found, Posted) or found.unknown:
            return _outcome(leased, found)
    answer = await network.post(text, in_reply_to=delivery.in_reply_to)
    if leased.unknown_since is not None:
        answer = _in_doubt(answer)
    if isinstance(answer.outcome, NotPosted) and answer.outcome.unknown:
        posting.doubts.began(delivery.delivery_id)
    return Outcome(leased=leased, answer=answer)


async def early_look(leased: Leased, *, posting: Posting) -> Outcome:
    """Call: learn whether a sender that fell silent got it out; what does not show may be on its way all the same."""
    found = await _look_if_tried(leased, posting=posting)
    return _outcome(leased, found if isinstance(found, Posted) else NotPosted(reason=NOT_SEEN, unknown=True))


async def last_look(leased: Leased, *, posting: Posting) -> Outcome:
    """Call: of what nobody waits for any more, learn whether an earlier try said it: every reply of ours is known."""
    found = await _look_if_tried(leased, posting=posting)
    return Outcome(leased=leased, answer=PostAnswer(outcome=found), unwanted=_MOVED_ON)


async def _look_if_tried(leased: Leased, *, posting: Posting) -> Posted | NotPosted:
    network, text = _wire(leased.delivery, posting), posting.composer.post(leased.delivery)
    if leased.unknown_since is None or network is None or text is None:
        return _NOT_SAID
    return await _look_for(text, leased, since=leased.unknown_since, network=network, posting=posting)


async def _look_for(
    text: str, leased: Leased, *, since: datetime, network: SocialPosts, posting: Posting
) -> Posted | NotPosted:
    await posting.doubts.rest(leased.delivery.delivery_id)
    return await network.find(text, in_reply_to=leased.delivery.in_reply_to, since=since)


async def _spending(leased: Sequence[Leased], *, quota: Quota | None, unit: Unit) -> Spending:
    refuses = any(each.delivery.urgency is Urgency.REFUSAL for each in leased)  # nobody else's share depends on it
    refusals_spent = await unit.refusals.spent_since(unit.at - QUOTA_WINDOW) if refuses else 0
    return spend([each.delivery for each in leased], quota=quota, refusals_spent=refusals_spent, at=unit.at)


async def _quota(leased: Sequence[Leased], *, unit: Unit) -> Quota | None:
    """Read what the network left us, less what the other lane's posts are spending just now."""
    network = leased[0].delivery.network if leased else None
    quota = await unit.quotas.read(network) if network else None
    if quota is None:
        return None
    others = await unit.deliveries.count_sending(CHANNELS) - len(leased)
    return replace(quota, remaining=max(0, quota.remaining - others))


def _wire(delivery: Delivery, posting: Posting) -> SocialPosts | None:
    return posting.networks.get(delivery.network) if delivery.network else None


def _is_stale(leased: Leased) -> bool:
    delivery = leased.delivery
    leased_at = delivery.next_at - LEASE_TIME
    return delivery.purpose is Purpose.PROMPT and leased_at - delivery.created_at > PROMPT_FRESH


def _order_ids(deliveries: Sequence[Delivery]) -> list[OrderId]:
    return [each.order_id for each in deliveries if each.order_id is not None]


def _in_doubt(answer: PostAnswer) -> PostAnswer:
    """Read "said already" behind a try of unknown outcome as what it is: that try is out, and will yet be found."""
    outcome = answer.outcome
    if isinstance(outcome, NotPosted) and outcome.reason == DUPLICATE_TEXT:
        return replace(answer, outcome=replace(outcome, for_good=False, unknown=True))
    return answer


def _outcome(leased: Leased, outcome: Posted | NotPosted) -> Outcome:
    return Outcome(leased=leased, answer=PostAnswer(outcome=outcome))
