"""Mails go out: lease them, ask identity how to reach people, hand them over, write down what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import CardmemberId
from notifier.domain.delivery import Channel, Delivery, DeliveryId, failed, sent, tried_in_vain
from notifier.domain.events import facts_of
from notifier.usecases.give_back import give_back, leasing
from notifier.usecases.in_hand import InHand
from notifier.usecases.ports import (
    NOT_WRITTEN,
    Composer,
    Contacts,
    Leased,
    Mail,
    Mailer,
    NotMailed,
    Patiently,
    Recipient,
    Transactions,
)

BATCH_MAX = 100
"""Mails a batch: one call to identity, and a second or two on the mail server's kept connections."""

LEASE_TIME = timedelta(seconds=4)
"""Kept by whoever hands a mail over; who died loses it so soon. A mail tried again keeps its Message-ID."""

_NOT_WRITTEN = NotMailed(reason=NOT_WRITTEN, for_good=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """What sending mails needs beside the database; `in_hand` is shared by the lanes of the process."""

    contacts: Contacts
    composer: Composer
    mailer: Mailer
    in_hand: InHand = field(default_factory=InHand)


async def send_mails(*, transactions: Transactions, mailing: Mailing, patiently: Patiently) -> int:
    """Send one batch; gives how many deliveries it had."""
    leased = await lease_mails(transactions=transactions, patiently=patiently)
    if not leased:
        return 0
    async with mailing.in_hand.holding(leased, lease_time=LEASE_TIME, transactions=transactions) as ours:
        if ours:
            await _send(ours, transactions=transactions, mailing=mailing, patiently=patiently)
    return len(leased)


async def _send(
    leased: Sequence[Leased], *, transactions: Transactions, mailing: Mailing, patiently: Patiently
) -> None:
    failpoint(FailPoint.NOTIFIER_MAIL_LEASED)
    try:
        recipients = await mailing.contacts.of(_cardmember_ids(leased))
    except Exception:
        await give_back(leased, transactions=transactions)
        raise
    outcomes = await hand_over(compose(leased, recipients=recipients, composer=mailing.composer), mailer=mailing.mailer)
    failpoint(FailPoint.NOTIFIER_MAIL_ANSWERED)
    await patiently(partial(apply_outcomes, leased, outcomes, transactions=transactions))
    failpoint(FailPoint.NOTIFIER_MAIL_COMMITTED)


async def lease_mails(*, transactions: Transactions, patiently: Patiently) -> Sequence[Leased]:
    """Lease: take the mails that are due."""
    async with leasing(transactions, patiently) as (unit, leased):
        leased.extend(await unit.deliveries.lease([Channel.MAIL], limit=BATCH_MAX, lease_time=LEASE_TIME))
    return leased


def compose(
    leased: Sequence[Leased], *, recipients: Mapping[CardmemberId, Recipient], composer: Composer
) -> dict[DeliveryId, Mail | NotMailed]:
    """Write a mail to everybody who can be reached."""
    return {
        each.delivery.delivery_id: composer.mail(each.delivery, recipients[member]) or _NOT_WRITTEN
        for each in leased
        if (member := each.delivery.cardmember_id) is not None and member in recipients
    }


async def hand_over(
    written: Mapping[DeliveryId, Mail | NotMailed], *, mailer: Mailer
) -> Mapping[DeliveryId, Mail | NotMailed]:
    """Call: hand over what is written; gives each mail that was taken, and why the others were not."""
    mails = {key: mail for key, mail in written.items() if isinstance(mail, Mail)}
    answers = await mailer.send(list(mails.values()))
    taken = {key: refused or mail for (key, mail), refused in zip(mails.items(), answers, strict=True)}
    return {**written, **taken}


async def apply_outcomes(
    leased: Sequence[Leased], outcomes: Mapping[DeliveryId, Mail | NotMailed], *, transactions: Transactions
) -> None:
    """Apply: write every outcome and tell it."""
    async with transactions.begin() as unit:
        decided = [_decide(each.delivery, outcomes.get(each.delivery.delivery_id), at=unit.at) for each in leased]
        saved = await unit.deliveries.save(decided)
        await unit.outbox.add(facts_of(*saved, at=unit.at))


def _cardmember_ids(leased: Sequence[Leased]) -> list[CardmemberId]:
    ids = {each.delivery.cardmember_id for each in leased if each.delivery.cardmember_id is not None}
    return sorted(ids)


def _decide(delivery: Delivery, outcome: Mail | NotMailed | None, *, at: datetime) -> Delivery:
    match outcome:
        case None:
            return failed(delivery, reason="RECIPIENT_UNKNOWN")
        case Mail():
            return sent(delivery, sent_id=outcome.message_id, at=at)
        case NotMailed(for_good=True):
            return failed(delivery, reason=outcome.reason)
        case NotMailed():
            return tried_in_vain(delivery, reason=outcome.reason, at=at)
        case _:
            assert_never(outcome)
