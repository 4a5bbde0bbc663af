"""What became of posts is written down: every outcome decided and told, with the mails that follow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.ids import Network
from notifier.domain.delivery import Delivery, Purpose, failed, outcome_unknown, put_off, sent, skipped, tried_in_vain
from notifier.domain.events import facts_of
from notifier.domain.planning import prompt_mail, refusal_mail_instead
from notifier.domain.quota import Quota
from notifier.usecases.ports import Leased, PostAnswer, Posted, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One delivery and what became of it; `unwanted` says why it is not to be said any more."""

    leased: Leased
    answer: PostAnswer
    unwanted: str = ""


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


def _decide(outcome: Outcome, *, at: datetime) -> Delivery:
    """Say what an answer makes of a delivery; an unknown outcome stays SENDING until it is looked for."""
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
