"""Books: what the memory stores hold, as the rows that `hashtill check`'s rules are fed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tests.simulation.stage import BEGINNING
from tests.simulation.world import World

from gateway.domain.post import PostKind
from hashtill_cli.checking.rows import (
    Case,
    ChargeRow,
    DeliveryRow,
    EffectRow,
    HoldRow,
    LinkRow,
    MovementRow,
    OrderRow,
    PostRow,
    StockRow,
    TransferRow,
    VerdictRow,
    WaitingRow,
)
from kernel.ids import OrderId
from kernel.money import Money
from notifier.domain.delivery import Delivery, DeliveryState, Purpose
from offers.domain.hold import Hold, HoldState, KnownOrder
from orders.domain.confirming import EARLY
from orders.domain.order import Order
from orders.domain.posts import Verdict
from payments.domain.operation import Operation, OperationState

R = TypeVar("R")

_UNSENT = frozenset({DeliveryState.WAITING, DeliveryState.SENDING})
_NAMES: dict[type[Any], list[str]] = {}
_ENDED = frozenset({OperationState.OK, OperationState.FAILED})


def cases_of(world: World) -> Iterator[Case]:
    """Give everything that every book keeps, order by order; also of orders that only others know."""
    charges, transfers = _charges(world), _transfers(world)
    movements, deliveries, verdicts = _movements(world), _deliveries(world), _verdicts(world)
    under_way = {world.payments.store.charges[each.charge_id].order_id for each in _unanswered(world)}
    orders, holds = world.orders.store.orders, world.offers.store.holds
    ids = {*orders, *charges, *transfers, *verdicts, *holds, *(OrderId(UUID(each)) for each in movements)}
    for order_id in sorted(ids):
        order = orders.get(order_id)
        yield Case(
            order_id=order_id,
            order=_order_row(world, order) if order is not None else None,
            charges=charges[order_id],
            transfers=transfers[order_id],
            movements=movements[str(order_id)],
            holds=[_hold_row(holds[order_id])] if order_id in holds else (),
            deliveries=deliveries[order_id],
            verdicts=verdicts[order_id],
            confirming_posts=_confirming(world, order),
            link=_link(world, order),
            under_way=order_id in under_way,
        )


def stock_rows(world: World) -> list[StockRow]:
    """Give every offer's stock beside its holds."""
    counted = Counter(
        (hold.offer_id, hold.state) for hold in world.offers.store.holds.values() if isinstance(hold, Hold)
    )
    return [
        StockRow(
            offer_id=offer.offer_id,
            total=offer.stock.total,
            available=offer.stock.available,
            held=offer.stock.held,
            committed=offer.stock.committed,
            holds_held=counted[offer.offer_id, HoldState.HELD],
            holds_committed=counted[offer.offer_id, HoldState.COMMITTED],
        )
        for offer in world.offers.store.offers.values()
    ]


def effect_rows(world: World) -> list[EffectRow]:
    """Give what posts did, by post."""
    found = set[tuple[str, str, UUID, str]]()
    for order in world.orders.store.orders.values():
        posts = [(order.post_id, "ordered"), (order.version_id, "ordered")]
        if order.confirmation is not None:
            posts += [
                (each, "confirmed") for each in (order.confirmation.post_id, order.confirmation.version_id) if each
            ]
        found |= {(order.network, post, order.order_id, effect) for post, effect in posts}
    return [
        EffectRow(network=network, post=post, order_id=order_id, effect=effect)
        for network, post, order_id, effect in sorted(found)
    ]


def reply_rows(world: World) -> list[DeliveryRow]:
    """Give the replies that went out, by the post they answer."""
    rows = [_delivery_row(each) for each in world.notifier.store.deliveries.values()]
    replies = [row for row in rows if row.channel == "REPLY" and row.in_reply_to and row.state in {"SENDING", "SENT"}]
    return sorted(replies, key=lambda row: (row.network or "", row.in_reply_to or ""))


def waiting_rows(world: World) -> list[WaitingRow]:
    """Give what waits for somebody: operations without an answer, deliveries unsent."""
    deliveries = world.notifier.store.deliveries.values()
    return [
        *(WaitingRow(kind="operation", id=each.key, since=each.begun_at, order_id=None) for each in _unanswered(world)),
        *(
            WaitingRow(kind="delivery", id=str(each.delivery_id), since=each.created_at, order_id=each.order_id)
            for each in deliveries
            if each.state in _UNSENT
        ),
    ]


def movements_by_order(world: World) -> dict[str, list[MovementRow]]:
    """Give the processor's book by the reference each line names."""
    return dict(_movements(world))


def _unanswered(world: World) -> list[Operation]:
    return [each for each in world.payments.store.operations.values() if each.state not in _ENDED]


def _order_row(world: World, order: Order) -> OrderRow:
    confirmation = order.confirmation
    return _row(
        OrderRow,
        order,
        entered_at=_entered_at(world, order),
        currency_code=order.terms.total.currency_code if order.terms else None,
        total_minor=order.terms.total.amount_minor if order.terms else None,
        confirmation_kind=confirmation.kind if confirmation else None,
        confirmed_at=confirmation.at if confirmation else None,
        confirmation_post_id=confirmation.post_id if confirmation else None,
        confirmation_version_id=confirmation.version_id if confirmation else None,
    )


def _entered_at(world: World, order: Order) -> datetime:
    log = world.orders.store.log
    steps = [log[order.order_id, number] for number in range(1, order.version + 1) if (order.order_id, number) in log]
    moves = [each.at for each in steps if each.step.from_state != each.step.to_state]
    return max(moves, default=order.updated_at)


def _charges(world: World) -> dict[OrderId, list[ChargeRow]]:
    rows = defaultdict[OrderId, list[ChargeRow]](list)
    for each in world.payments.store.charges.values():
        rows[each.order_id].append(_row(ChargeRow, each, **_amount(each.amount)))
    return rows


def _transfers(world: World) -> dict[OrderId, list[TransferRow]]:
    rows = defaultdict[OrderId, list[TransferRow]](list)
    for each in world.payments.store.ledger.values():
        rows[each.order_id].append(_row(TransferRow, each, **_amount(each.amount)))
    return rows


def _movements(world: World) -> defaultdict[str, list[MovementRow]]:
    rows = defaultdict[str, list[MovementRow]](list)
    for each in world.processor.movements:
        rows[each.reference].append(each)
    return rows


def _deliveries(world: World) -> dict[OrderId, list[DeliveryRow]]:
    rows = defaultdict[OrderId, list[DeliveryRow]](list)
    for each in world.notifier.store.deliveries.values():
        if each.order_id is not None:
            rows[each.order_id].append(_delivery_row(each))
    return rows


def _delivery_row(each: Delivery) -> DeliveryRow:
    total_shown = each.facts.get("total") if each.purpose is Purpose.PROMPT else None
    return _row(DeliveryRow, each, total_shown=total_shown)


def _verdicts(world: World) -> dict[OrderId, list[VerdictRow]]:
    rows = defaultdict[OrderId, list[VerdictRow]](list)
    for dated in world.orders.store.verdicts.values():
        verdict = dated.verdict
        if verdict.order_id is not None:
            rows[verdict.order_id].append(_row(VerdictRow, verdict, verdict=_word(verdict)))
    return rows


def _word(verdict: Verdict) -> str:
    """Give what was said of a post; of one that is kept until our reply's time is known nothing is said yet."""
    return "KEPT" if verdict.reason == EARLY else verdict.word


def _hold_row(known: KnownOrder) -> HoldRow:
    """Write a hold; a tombstone is one that nobody ever had."""
    if isinstance(known, Hold):
        return _row(HoldRow, known, changed_at=known.lapse_at)
    return HoldRow(order_id=known.order_id, offer_id=None, state="RELEASED", lapse_at=None, changed_at=BEGINNING)


def _confirming(world: World, order: Order | None) -> Sequence[PostRow]:
    version = order.confirmation.version_id if order is not None and order.confirmation is not None else None
    if version is None:
        return ()
    kept = world.gateway.store.kept.values()
    return [_row(PostRow, each) for each in kept if each.version_id == version and each.kind is not PostKind.DELETE]


def _link(world: World, order: Order | None) -> LinkRow | None:
    link = world.identity.store.links.get(order.link_id) if order is not None else None
    if link is None:
        return None
    return _row(LinkRow, link)


def _amount(money: Money) -> dict[str, object]:
    return {"amount_minor": money.amount_minor, "currency_code": money.currency_code}


def _row(kind: type[R], source: object, **given: object) -> R:
    """Make a row: what is not given has the same name in the record it is made of, or keeps its default."""
    names = _NAMES.get(kind) or _NAMES.setdefault(kind, [each.name for each in fields(kind)])  # type: ignore[arg-type]  # rows are dataclasses
    return kind(**{name: getattr(source, name) for name in names if hasattr(source, name)} | given)
