"""Judging: I1 to I9 by the rules of `hashtill check`, then history and liveness; every breach is one line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tests.simulation import books
from tests.simulation.history import broken_histories
from tests.simulation.liveness import unfinished, unheard
from tests.simulation.plan import Told
from tests.simulation.world import World

from chassis.outbox import OutboxMessage, id_of, subject_of
from hashtill_cli.checking import ages, answers, charging, confirming, effects, endings, ledgers, stock, telling
from hashtill_cli.checking.findings import Breach
from hashtill_cli.checking.rows import OutboxRow
from hashtill_cli.checking.telling import StoredMessage


def judge(world: World, told: Sequence[Told]) -> list[str]:
    """Give every breach, as a line that names its invariant."""
    found = [_line(breach) for breach in _breaches(world)]
    found += broken_histories(world)
    found += unfinished(world)
    found += unheard(world, told)
    found += [f"BUG {each}" for each in world.stage.bugs]
    found += [f"LOOP {each.get('message')} {each.get('exception')!r}" for each in world.stage.loop.failures]
    return found


def _breaches(world: World) -> Iterator[Breach]:
    at, movements = world.stage.now(), books.movements_by_order(world)
    for case in books.cases_of(world):
        movements.pop(str(case.order_id), None)
        yield from charging.breaches(case)
        yield from confirming.breaches(case)
        yield from ledgers.breaches(case, processor_read=True)
        yield from endings.breaches(case, at=at, grace=timedelta(0))
        yield from ages.breaches(case, at=at)
        yield from effects.misjudged(case)
        yield from answers.breaches(case)
    yield from ledgers.foreign(movements)
    yield from ledgers.unbalanced(_balances(world))
    yield from stock.breaches(books.stock_rows(world))
    yield from ages.overdue(books.waiting_rows(world), at=at)
    yield from effects.breaches(books.effect_rows(world))
    yield from answers.repeated(books.reply_rows(world))
    yield from answers.seen_repeated(
        (str(post.target.post_id), str(post.post_id)) for post in world.x.replies_of_program() if post.target
    )
    yield from answers.unknown_mails(
        [message_id for _, message_id, _ in world.mailbox.mails],
        {str(each) for each in world.notifier.store.deliveries},
    )
    yield from _streams(world)


def _balances(world: World) -> dict[str, int]:
    """Add up all accounts, by currency."""
    sums = Counter[str]()
    for transfer in world.payments.store.ledger.values():
        sides = {transfer.debit_account: 1, transfer.credit_account: -1}
        sums[transfer.amount.currency_code] += sum(sides.values()) * transfer.amount.amount_minor
    return dict(sums)


def _streams(world: World) -> Iterator[Breach]:
    """Hold outboxes against streams, both ways."""
    known = {str(id_of(each)) for run in world.runs for each in run.database.outbox.messages}
    for name, stream in world.broker.streams.items():
        stored = {
            each.sequence: StoredMessage(sequence=each.sequence, message_id=each.message_id, subject=each.subject)
            for each in stream.messages.values()
        }
        yield from telling.unwritten(stored.values(), known, stream=name)
        newest = {each.subject: each.sequence for each in stored.values()} if stream.spec.is_key_value else {}
        yield from telling.missing(_published(world, name), stored, stream=name, newest=newest)


def _published(world: World, stream: str) -> list[OutboxRow]:
    rows = []
    for run in world.runs:
        messages = run.database.outbox.messages
        for number, (into, sequence) in run.database.places.items():
            if into == stream:
                message = messages[number]
                subject = subject_of(message) if isinstance(message, OutboxMessage) else ""
                rows.append(OutboxRow(msg_id=id_of(message), subject=subject, stream_seq=sequence))
    return rows


def _line(breach: Breach) -> str:
    return f"{breach.invariant} {breach.what} {' '.join(breach.ids)}"
