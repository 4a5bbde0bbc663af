"""Looking: the groups of a check, each reading what its rules need and handing it to them page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from gateway.usecases.forget_posts import POSTS_KEPT
from hashtill_cli.checking import ages, answers, charging, confirming, effects, endings, ledgers, stock
from hashtill_cli.checking.findings import Findings, Invariant
from hashtill_cli.checking.reading.cases import pages_of_cases
from hashtill_cli.checking.reading.outside import LedgerTruncatedError
from hashtill_cli.checking.rows import Case, DeliveryRow, EffectRow, MovementRow, StockRow, WaitingRow
from hashtill_cli.checking.sources import Sources

T = TypeVar("T")
Look: TypeAlias = Callable[[Sources], Awaitable[Findings]]

STOCK = """
SELECT {columns} FROM (
    SELECT *, (SELECT count(*) FROM hold WHERE hold.offer_id = stock.offer_id AND state = 'HELD') AS holds_held,
        (SELECT count(*) FROM hold WHERE hold.offer_id = stock.offer_id AND state = 'COMMITTED') AS holds_committed
    FROM stock
) s
"""
"""Each count by its own partial index; both states at once would read every hold there ever was."""

_BALANCES = "SELECT currency_code, sum(balance_minor)::bigint AS sum_minor FROM balance GROUP BY currency_code"
_EFFECTS = """
SELECT {columns} FROM (
    SELECT network, post_id AS post, order_id, 'ordered' AS effect FROM orders
    UNION SELECT network, version_id, order_id, 'ordered' FROM orders
    UNION SELECT network, confirmation_post_id, order_id, 'confirmed' FROM orders WHERE confirmation_post_id IS NOT NULL
    UNION SELECT network, confirmation_version_id, order_id, 'confirmed' FROM orders
        WHERE confirmation_version_id IS NOT NULL
) e ORDER BY network, post
"""
_REPLIES = """
SELECT {columns} FROM (SELECT *, NULL::text AS total_shown FROM delivery) d
WHERE channel = 'REPLY' AND in_reply_to IS NOT NULL AND state IN ('SENDING', 'SENT') ORDER BY network, in_reply_to
"""
_OPERATIONS = """
SELECT 'operation' AS kind, key AS id, begun_at AS since, order_id FROM operation JOIN charge USING (charge_id)
WHERE operation.state NOT IN ('OK', 'FAILED')
"""
_DELIVERIES = """
SELECT 'delivery' AS kind, delivery_id::text AS id, created_at AS since, order_id FROM delivery
WHERE state IN ('WAITING', 'SENDING')
"""
_OUTBOX = """
SELECT 'outbox row' AS kind, msg_id AS id, created_at AS since, NULL::uuid AS order_id FROM outbox
WHERE published_at IS NULL AND parked_at IS NULL
"""


async def look_at_orders(sources: Sources) -> Findings:
    """Judge every order with all that hangs on it."""
    findings, movements = Findings(), await _movements(sources)
    at = await clock(sources)
    left = dict(movements or {})
    pages = pages_of_cases(sources.books, movements or {}, since=sources.places.processor_since)
    grace = timedelta(0) if sources.settled else endings.GRACE
    async for cases in pages:
        for case in cases:
            left.pop(str(case.order_id), None)
            judge(case, findings, at=at, grace=grace, processor_read=movements is not None)
    findings.add(ledgers.foreign(left))
    if movements is None:
        findings.leave_out(Invariant.LEDGER, "the processor's ledger was not to be read")
    return findings


async def look_at_stock(sources: Sources) -> Findings:
    """Judge every offer's stock, the balances, and what waits."""
    findings, at = Findings(), await clock(sources)
    rows = await sources.books["offers"].rows(StockRow, STOCK)
    findings.count(Invariant.STOCK, "offers", len(rows))
    findings.count(Invariant.STOCK, "open holds", sum(row.holds_held + row.holds_committed for row in rows))
    findings.add(stock.breaches(rows))
    sums = await sources.books["payments"].records(_BALANCES)
    findings.count(Invariant.LEDGER, "currencies", len(sums))
    findings.add(ledgers.unbalanced({row["currency_code"]: row["sum_minor"] for row in sums}))
    await look_at_waiting(sources, findings, at=at)
    return findings


async def look_at_waiting(sources: Sources, findings: Findings, *, at: datetime) -> None:
    """Judge what waits for somebody, everywhere."""
    outboxes = [(service, _OUTBOX) for service in sources.books]
    for service, statement in (("payments", _OPERATIONS), ("notifier", _DELIVERIES), *outboxes):
        unfinished = await sources.books[service].rows(WaitingRow, statement)
        findings.count(Invariant.AGE, "waiting", len(unfinished))
        findings.add(ages.overdue(unfinished, at=at))


async def look_at_posts(sources: Sources) -> Findings:
    """Judge what posts did, and what was answered to them."""
    findings = Findings()
    by_post = sources.books["orders"].pages(EffectRow, _EFFECTS)
    async for rows in _whole_groups(by_post, lambda row: (row.network, row.post)):
        findings.count(Invariant.ONE_EFFECT, "effects of posts", len(rows))
        findings.add(effects.breaches(rows))
    by_answered = sources.books["notifier"].pages(DeliveryRow, _REPLIES)
    async for replies in _whole_groups(by_answered, lambda row: (row.network, row.in_reply_to)):
        findings.count(Invariant.ONE_ANSWER, "replies", len(replies))
        findings.add(answers.repeated(replies))
    if sources.places.x_url:
        shown = await _replies_of_the_program(sources)
        findings.count(Invariant.ONE_ANSWER, "replies on the network", len(shown))
        findings.add(answers.seen_repeated(shown))
    return findings


async def _whole_groups(
    pages: AsyncIterator[Sequence[T]], key: Callable[[T], tuple[object, ...]]
) -> AsyncIterator[Sequence[T]]:
    """Give sorted rows in pages that never cut a group of equal keys."""
    left: list[T] = []
    async for page in pages:
        rows = [*left, *page]
        left = [row for row in rows if key(row) == key(rows[-1])]
        yield rows[: len(rows) - len(left)]
    yield left


def judge(case: Case, findings: Findings, *, at: datetime, grace: timedelta, processor_read: bool) -> None:
    """Ask every rule about an order."""
    findings.count(Invariant.AMOUNT, "charges", len(case.charges))
    findings.count(Invariant.CONFIRMED, "charged orders", bool(case.charges))
    findings.count(Invariant.LEDGER, "transfers", len(case.transfers))
    findings.count(Invariant.LEDGER, "movements", len(case.movements))
    findings.count(Invariant.AGE, "orders", case.order is not None)
    findings.count(Invariant.GIVEN_BACK, "ended orders", case.order is not None and case.order.state in endings.ENDED)
    findings.count(Invariant.ONE_ANSWER, "deliveries of orders", len(case.deliveries))
    findings.leave_out(Invariant.LEDGER, "orders with an operation under way", case.under_way)
    findings.leave_out(Invariant.LEDGER, "orders older than the processor's memory", case.forgotten)
    findings.add(charging.breaches(case))
    findings.add(confirming.breaches(case, posts_since=at - POSTS_KEPT))
    findings.add(ledgers.breaches(case, processor_read=processor_read))
    findings.add(endings.breaches(case, at=at, grace=grace))
    findings.add(ages.breaches(case, at=at))
    findings.add(effects.misjudged(case))
    findings.add(answers.breaches(case))


async def _movements(sources: Sources) -> Mapping[str, Sequence[MovementRow]] | None:
    found: dict[str, list[MovementRow]] = {}
    if not sources.places.processor_url:
        return None
    try:
        async for rows in sources.outside.movements(sources.places.processor_url, key=sources.places.processor_key):
            for row in rows:
                found.setdefault(row.reference, []).append(row)
    except LedgerTruncatedError:
        return None
    return found


async def _replies_of_the_program(sources: Sources) -> list[tuple[str, str]]:
    """Give what the network shows of our program account's replies: (answered post, reply)."""
    url, outside = sources.places.x_url, sources.outside
    program = await outside.program(url)
    posts = [post async for page in outside.posts(url) for post in page]
    return [(post.replied_to, post.post_id) for post in posts if post.author_id == program and post.replied_to]


async def clock(sources: Sources) -> datetime:
    """Ask for the time that rows are written with."""
    found: datetime = (await sources.books["orders"].records("SELECT now() AS at"))[0]["at"]
    return found
