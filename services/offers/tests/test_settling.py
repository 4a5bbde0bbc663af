"""Holds are committed, released, and lapse: each once, with the stock, in memory and on PostgreSQL."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from services.offers.tests.offers_world import Shop, a_draft, accepted, asks, reason_of

from chassis.watchdog import Watchdog
from hashtill_cli.testing import Metrics
from kernel.ids import OfferId, OrderId
from offers.domain.hold import Hold
from offers.usecases.hold_stock import hold_stock
from offers.usecases.settle_holds import LAPSE_LATE_MAX, commit_holds, lapse_holds, release_holds, watch_holds
from offers.usecases.write_offer import update_offer

KINDLE = OfferId("kindle")
HOUR = timedelta(hours=1)


async def held(shop: Shop) -> Hold:
    [answer] = await hold_stock([asks(at=shop.clock())], transactions=shop.transactions)
    granted: Hold = accepted(answer)
    return granted


async def counts(shop: Shop) -> tuple[int, int, int]:
    stock = (await shop.offer(KINDLE)).stock
    return stock.available, stock.held, stock.committed


async def test_committing_is_final_and_repeats_change_nothing(shop: Shop) -> None:
    await shop.published()
    hold = await held(shop)
    unknown = OrderId(uuid.uuid4())

    first = await commit_holds([hold.order_id, unknown], transactions=shop.transactions)
    again = await commit_holds([hold.order_id, hold.order_id], transactions=shop.transactions)

    assert (first[0], again) == (None, [None, None])
    assert reason_of(first[1]) == "HOLD_NOT_FOUND"
    assert await counts(shop) == (9, 0, 1)


async def test_a_released_hold_is_gone_for_its_order(shop: Shop) -> None:
    await shop.published()
    asked = asks(at=shop.clock())
    await hold_stock([asked], transactions=shop.transactions)

    await release_holds([asked.order_id, asked.order_id], transactions=shop.transactions)
    await release_holds([asked.order_id], transactions=shop.transactions)
    [held_again] = await hold_stock([asked], transactions=shop.transactions)
    [committed] = await commit_holds([asked.order_id], transactions=shop.transactions)

    assert (reason_of(held_again), reason_of(committed)) == ("HOLD_RELEASED", "HOLD_LAPSED")
    assert await counts(shop) == (10, 0, 0)


async def test_releasing_an_unknown_order_succeeds_and_bars_a_late_hold(shop: Shop) -> None:
    await shop.published()
    asked = asks(at=shop.clock())

    await release_holds([asked.order_id], transactions=shop.transactions)
    await release_holds([], transactions=shop.transactions)
    [late] = await hold_stock([asked], transactions=shop.transactions)
    [committed] = await commit_holds([asked.order_id], transactions=shop.transactions)

    assert (reason_of(late), reason_of(committed)) == ("HOLD_RELEASED", "HOLD_LAPSED")


async def test_a_hold_lapses_after_an_hour_by_itself(shop: Shop) -> None:
    await shop.published()
    early, sold = await held(shop), await held(shop)
    await commit_holds([sold.order_id], transactions=shop.transactions)
    shop.clock.forward(HOUR)

    [committed] = await commit_holds([early.order_id], transactions=shop.transactions)
    lapsed = await lapse_holds(transactions=shop.transactions)
    nothing_left = await lapse_holds(transactions=shop.transactions)
    await release_holds([early.order_id], transactions=shop.transactions)

    assert reason_of(committed) == "HOLD_LAPSED"
    assert (lapsed, nothing_left) == (1, 0)
    assert await counts(shop) == (9, 0, 1)


async def test_a_hold_that_does_not_lapse_is_told_and_measured_until_it_does(
    shop: Shop, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    watchdog = Watchdog("holds", partial(watch_holds, transactions=shop.transactions))
    overdue = partial(metrics.total, "hashtill.watchdog.too_old", what="holds", kind="HELD")
    await shop.published()
    await held(shop)

    shop.clock.forward(HOUR + LAPSE_LATE_MAX)
    await watchdog.run_once()
    in_time = capsys.readouterr().out
    shop.clock.forward(LAPSE_LATE_MAX)
    await watchdog.run_once()
    told, alarmed = capsys.readouterr().out, overdue()
    await lapse_holds(transactions=shop.transactions)
    await watchdog.run_once()

    assert ("holds_too_old" in in_time, "holds_too_old" in told, alarmed) == (False, True, 1)
    assert overdue() == 0


async def test_total_cannot_fall_below_what_is_promised(shop: Shop) -> None:
    await shop.published()
    sold = await held(shop)
    await held(shop)
    await commit_holds([sold.order_id], transactions=shop.transactions)

    async def set_total(total: int) -> Any:
        draft = a_draft(shop.clock(), stock_total=total)
        return await update_offer(
            draft, paths=("stock.total",), based_on=0, allow_missing=False, transactions=shop.transactions
        )

    assert reason_of(await set_total(1)) == "STOCK_BELOW_PROMISED"
    assert accepted(await set_total(2)).stock.available == 0
    assert await counts(shop) == (0, 1, 1)
