"""Mails go out: lease them, ask identity how to reach people, hand them over, write down what became of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kernel.ids import CardmemberId
from notifier.domain.delivery import Channel, Delivery, DeliveryId, failed, sent, tried_in_vain
from notifier.domain.events import facts_of
from notifier.usecases.ports import Composer, Contacts, Leased, Mail, Mailer, NotMailed, Recipient, Transactions

BATCH_MAX = 100
"""Mails a batch: one call to identity, and a second or two on the mail server's kept connections."""

LEASE_TIME = timedelta(seconds=60)
"""Three times the mail server's longest answer; a mail tried again keeps its Message-ID."""


async def send_mails(*, transactions: Transactions, contacts: Contacts, composer: Composer, mailer: Mailer) -> int:
    """Send one batch; gives how many deliveries it had."""
    leased = await lease_mails(transactions=transactions)
    if not leased:
        return 0
    recipients = await contacts.of(_cardmember_ids(leased))
    reachable = [each.delivery for each in leased if each.delivery.cardmember_id in recipients]
    mails = compose(reachable, recipients=recipients, composer=composer)
    outcomes = dict(zip((each.delivery_id for each in reachable), await mailer.send(mails), strict=True))
    message_ids = dict(zip((each.delivery_id for each in reachable), (mail.message_id for mail in mails), strict=True))
    async with transactions.begin() as unit:
        decided = [_decide(each.delivery, outcomes=outcomes, message_ids=message_ids, at=unit.at) for each in leased]
        saved = await unit.deliveries.save(decided)
        await unit.outbox.add(facts_of(*saved, at=unit.at))
    return len(leased)


async def lease_mails(*, transactions: Transactions) -> Sequence[Leased]:
    """Lease: take the mails that are due."""
    async with transactions.begin() as unit:
        return await unit.deliveries.lease([Channel.MAIL], limit=BATCH_MAX, lease_time=LEASE_TIME)


def compose(
    deliveries: Sequence[Delivery], *, recipients: Mapping[CardmemberId, Recipient], composer: Composer
) -> list[Mail]:
    """Write each mail to its recipient."""
    return [
        composer.mail(each, recipients[each.cardmember_id]) for each in deliveries if each.cardmember_id is not None
    ]


def _cardmember_ids(leased: Sequence[Leased]) -> list[CardmemberId]:
    ids = {each.delivery.cardmember_id for each in leased if each.delivery.cardmember_id is not None}
    return sorted(ids)


def _decide(
    delivery: Delivery,
    *,
    outcomes: Mapping[DeliveryId, NotMailed | None],
    message_ids: Mapping[DeliveryId, str],
    at: datetime,
) -> Delivery:
    if delivery.delivery_id not in outcomes:
        return failed(delivery, reason="RECIPIENT_UNKNOWN")
    refused = outcomes[delivery.delivery_id]
    if refused is None:
        return sent(delivery, sent_id=message_ids[delivery.delivery_id], at=at)
    if refused.for_good:
        return failed(delivery, reason=refused.reason)
    return tried_in_vain(delivery, reason=refused.reason, at=at)
