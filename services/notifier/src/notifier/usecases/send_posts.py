"""Posts and replies go out: lease the most urgent, post them side by side, write down what became of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import Network, OrderId
from notifier.domain.delivery import (
    Channel,
    Delivery,
    Purpose,
    Urgency,
    failed,
    outcome_unknown,
    put_off,
    sent,
    skipped,
    tried_in_vain,
)
from notifier.domain.events import facts_of
from notifier.domain.planning import prompt_mail, refusal_mail_instead
from notifier.domain.quota import Quota, Spending, spend
from notifier.usecases.doubts import Doubts
from notifier.usecases.give_back import give_back, leasing, untried
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

CHANNELS = (Channel.POST, Channel.REPLY)

BATCH_MAX = 128
"""Posts a batch: two rounds of what is in flight at once, so that all are answered well within the lease."""

LEASE_TIME = timedelta(seconds=30)
"""Three times the longest post call; a sender that died trying is taken over after it, by looking first."""

UNTRIED_TIME = timedelta(seconds=4)
"""Longer than orders and identity are asked; a sender that died before it tried is taken over after it."""

PROMPT_FRESH = timedelta(seconds=5)
"""A prompt older than this is asked about first: its order may be over (a stale prompt helps nobody)."""

QUOTA_WINDOW = timedelta(minutes=15)
"""X counts replies in windows of this length."""

_MOVED_ON = "ORDER_MOVED_ON"
_NOT_SAID: Posted | NotPosted = NotPosted(reason=_MOVED_ON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What sending posts needs beside the database."""

    networks: Mapping[Network, SocialPosts]
    composer: Composer
    orders: Orders
    contacts: Contacts
    doubts: Doubts = field(default_factory=Doubts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One delivery and what became of it; `unwanted` says why it is not to be said any more."""

    leased: Leased
    answer: PostAnswer
    unwanted: str = ""


async def send_posts(*, transactions: Transactions, posting: Posting, patiently: Patiently) -> int:
    """Send one batch; gives how many deliveries it had."""
    leased, kept_back = await lease_posts(transactions=transactions, patiently=patiently)
    taken = len(leased) + len(kept_back)
    if not taken:
        return 0
    failpoint(FailPoint.NOTIFIER_POST_LEASED)
    try:
        fresh, stale = await set_stale_aside(leased, orders=posting.orders)
        wanted, unwanted = await set_unwanted_aside(fresh, contacts=posting.contacts)
        wanted = await begin_trying(wanted, transactions=transactions)
    except Exception:
        await give_back(leased, aside=kept_back, transactions=transactions)
        raise
    failpoint(FailPoint.NOTIFIER_POST_BEGUN)
    calls = (call(each, posting=posting) for each in wanted)
    outcomes = await asyncio.gather(*calls, *(last_look(each, posting=posting) for each in stale))
    failpoint(FailPoint.NOTIFIER_POST_ANSWERED)
    aside = [*unwanted, *kept_back]
    await patiently(partial(apply_outcomes, outcomes, aside=aside, transactions=transactions))
    failpoint(FailPoint.NOTIFIER_POST_COMMITTED)
    return taken


async def lease_posts(
    *, transactions: Transactions, patiently: Patiently
) -> tuple[Sequence[Leased], Sequence[Delivery]]:
    """Lease: take the most urgent and share the quota out; what may not be spent now is kept back."""
    async with leasing(transactions, patiently) as (unit, leased):
        lease = partial(unit.deliveries.lease, CHANNELS, limit=BATCH_MAX)
        leased.extend(await lease(lease_time=LEASE_TIME, untried_time=UNTRIED_TIME))
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
    """Apply: from now on these may be out; what another took meanwhile, for the peers were slow, is left to it."""
    untried = [each for each in leased if each.unknown_since is None]
    if not untried:
        return leased
    async with transactions.begin() as unit:
        begun = await unit.deliveries.begin(untried, lease_time=LEASE_TIME)
    return [*(each for each in leased if each.unknown_since is not None), *begun]


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


async def last_look(leased: Leased, *, posting: Posting) -> Outcome:
    """Call: of what nobody waits for any more, learn whether an earlier try said it: every reply of ours is known."""
    delivery, found = leased.delivery, _NOT_SAID
    network, text = _wire(delivery, posting), posting.composer.post(delivery)
    if leased.unknown_since is not None and network is not None and text is not None:
        found = await _look_for(text, leased, since=leased.unknown_since, network=network, posting=posting)
    return Outcome(leased=leased, answer=PostAnswer(outcome=found), unwanted=_MOVED_ON)


async def _look_for(
    text: str, leased: Leased, *, since: datetime, network: SocialPosts, posting: Posting
) -> Posted | NotPosted:
    await posting.doubts.rest(leased.delivery.delivery_id)
    return await network.find(text, in_reply_to=leased.delivery.in_reply_to, since=since)


async def apply_outcomes(
    outcomes: Sequence[Outcome],
    *,
    aside: Sequence[Delivery],
    transactions: Transactions,
) -> None:
    """Apply: write every outcome, tell it, plan the mails that follow, and keep what the network says of our quota."""
    async with transactions.begin() as unit:
        decided = [_decide(each, at=unit.at) for each in outcomes]
        saved = await unit.deliveries.save([*decided, *aside])
        await unit.outbox.add(facts_of(*saved, at=unit.at))
        await unit.deliveries.add(_mails_after(saved, at=unit.at))
        for network, quota in _newest_quotas(outcomes).items():
            await unit.quotas.write(network, quota)


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
    leased_at = delivery.next_at - (UNTRIED_TIME if leased.unknown_since is None else LEASE_TIME)
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


def _decide(outcome: Outcome, *, at: datetime) -> Delivery:
    """Say what an answer makes of a delivery; an unknown outcome stays SENDING until its lease runs out."""
    delivery, answer = outcome.leased.delivery, outcome.answer.outcome
    if isinstance(answer, Posted):
        return sent(delivery, sent_id=answer.post_id, at=answer.posted_at)
    if outcome.unwanted and not answer.unknown:
        return skipped(delivery, reason=outcome.unwanted)
    if answer.for_good:
        return failed(delivery, reason=answer.reason)
    if answer.unknown:
        return outcome_unknown(delivery, reason=answer.reason, at=at)
    if answer.until is not None:
        return put_off(delivery, until=answer.until)
    return tried_in_vain(delivery, reason=answer.reason, at=at)


def _mails_after(saved: Sequence[Delivery], *, at: datetime) -> list[Delivery]:
    return [mail for each in saved if (mail := _mail_after(each, at=at)) is not None]


def _mail_after(delivery: Delivery, *, at: datetime) -> Delivery | None:
    if delivery.state is delivery.state.SENT and delivery.sent_at is not None and delivery.purpose is Purpose.PROMPT:
        window = timedelta(seconds=int(delivery.facts["window"]))
        return prompt_mail(delivery, confirm_by=delivery.sent_at + window, at=at)
    if delivery.state is delivery.state.FAILED:
        return refusal_mail_instead(delivery, at=at)
    return None


def _newest_quotas(outcomes: Sequence[Outcome]) -> dict[Network, Quota]:
    """Keep the answer with the least left of the latest window: answers of one batch overtake each other."""
    newest: dict[Network, Quota] = {}
    for each in outcomes:
        network, quota = each.leased.delivery.network, each.answer.quota
        if network is not None and quota is not None:
            newest[network] = min(newest.get(network, quota), quota, key=_spent_most)
    return newest


def _spent_most(quota: Quota) -> tuple[float, int]:
    return -quota.reset_at.timestamp(), quota.remaining
