"""The bench's own arithmetic: who buys, how long it took, what it cost, and what must agree afterwards."""

import asyncio
import io
import json
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rich.console import Console

from hashtill_cli.bench.checking import Kept, problems_of
from hashtill_cli.bench.cpu import cpu_of, used_between
from hashtill_cli.bench.figures import OURS, Result, show
from hashtill_cli.bench.following import follow_mail, follow_x, seconds_of_post
from hashtill_cli.bench.plan import Load, Plan
from hashtill_cli.bench.purchases import Book, Buyer, Purchase, pace_of, percentile

ANN = Buyer(user_id="1", email="ann@mail.example")
POST, REPLY = "2124699298565193743", "2124699301400543232"
LOAD = Load(seconds=10, warm_seconds=1, members=2, in_flight=2, rate=0, core=False)


class TestBook:
    def test_a_buyer_buys_again_once_the_receipt_is_there(self) -> None:
        book = Book.of([ANN])
        purchase = _posted(book)

        book.replied(POST, tag="OK2345678B", at=2.0)
        book.received(book.by_email.get(ANN.email), at=3.0)

        assert (book.in_flight, len(book.done), list(book.idle)) == (0, 1, [ANN])
        assert (purchase.replied_at, purchase.ended_at) == (2.0, 3.0)
        assert not book.by_post
        assert not book.by_order

    def test_a_prompt_heard_before_its_posts_id_is_confirmed_all_the_same(self) -> None:
        book = Book.of([Buyer(user_id="1", email="a@b.example")])
        purchase = book.begin()

        unknown = book.replied(POST, tag="OK2345678B", at=2.0)
        tag = book.posted(purchase, post_id=POST, order_id="o", at=1.0)

        assert unknown is None
        assert (tag, purchase.replied_at) == ("OK2345678B", 2.0)

    def test_what_comes_twice_is_counted_and_changes_nothing(self) -> None:
        book = Book.of([ANN])
        _posted(book)

        first, second = book.replied(POST, tag="OK2345678B", at=2.0), book.replied(POST, tag="OK2345678B", at=2.5)
        book.received(book.by_email.get(ANN.email), at=3.0)
        book.received(book.by_email.get(ANN.email), at=4.0)

        assert first is not None
        assert second is None
        assert (book.surplus_replies, book.surplus_receipts, len(book.done)) == (1, 1, 1)

    def test_a_pace_counts_what_ended_within_the_window(self) -> None:
        done = [
            Purchase(buyer=ANN, posted_at=at, replied_at=at + 0.1, confirmed_at=at + 0.2, ended_at=at + 0.5)
            for at in range(10)
        ]

        pace = pace_of(done, since=2.5, until=7.5)

        assert (pace.ended, pace.per_second) == (5, 1.0)
        assert pace.reply_p50_ms == pytest.approx(100)
        assert pace.receipt_p99_ms == pytest.approx(300)

    @pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (1, 1.0)])
    def test_a_percentile_is_a_value_that_was_seen(self, percent: int, expected: float) -> None:
        assert percentile([float(number) for number in range(1, 101)], percent) == expected
        assert percentile([], percent) == 0.0


class TestFollowing:
    async def test_a_prompt_on_x_is_confirmed_with_its_tag(self) -> None:
        book, confirmed = Book.of([ANN]), list[tuple[str, str]]()
        _posted(book)
        prompt = {"id": REPLY, "text": "post #OKH3QBK3JD within", "referenced_tweets": [_answers(POST)]}
        other = {"id": REPLY, "text": "Thank you!", "referenced_tweets": [_answers(POST)]}

        await follow_x(
            _lines([other, {"id": POST, "text": "#Buy"}], [prompt]),
            book=book,
            confirm=lambda purchase, tag: confirmed.append((purchase.post_id, tag)),
        )

        assert confirmed == [(POST, "OKH3QBK3JD")]
        assert book.by_post[POST].replied_at == seconds_of_post(REPLY)

    async def test_a_receipt_mail_ends_a_purchase_and_others_do_not(self) -> None:
        book, ends = Book.of([ANN]), list[int]()
        _posted(book)
        mail = {"to": [ANN.email], "arrivals": 1, "received_at": "2026-11-23T12:00:00+00:00"}

        await follow_mail(
            _lines([{**mail, "subject": "Confirm it"}], [{**mail, "subject": "Your receipt: it"}]),
            book=book,
            ended=lambda: ends.append(len(book.done)),
        )

        assert ends == [0, 1]


class TestCheck:
    def test_a_run_that_lost_and_doubled_nothing_has_no_problems(self) -> None:
        assert problems_of(_seen(), _kept()) == []

    @pytest.mark.parametrize(
        ("seen", "kept", "word"),
        [
            ({"unfinished": 1}, {}, "did not end"),
            ({"surplus_receipts": 1}, {}, "receipts too many"),
            ({}, {"card_network": {"a": 2, "b": 1}}, "several authorizations"),
            ({}, {"card_network": {"a": 1}}, "card network has 1"),
            ({}, {"orders": {"authorised": 1, "made": 2, "posts": 2}}, "are authorised"),
            ({}, {"charges": {"authorised": 2, "made": 3, "orders": 2}}, "3 charges"),
        ],
    )
    def test_whatever_does_not_agree_is_said(self, seen: dict[str, int], kept: dict[str, Any], word: str) -> None:
        problems = problems_of(_seen() | seen, _kept(**kept))

        assert any(word in problem for problem in problems)


def test_cpu_is_what_a_process_used_in_between() -> None:
    pids = {"me": os.getpid(), "gone": 2**22 + 1}
    before, until = cpu_of(pids), time.process_time() + 0.2
    while time.process_time() < until:
        sum(range(1_000))

    used = used_between(before, cpu_of(pids))

    assert 0.1 <= used["me"] < 5.0
    assert used["gone"] == 0.0


def test_a_plan_travels_as_text() -> None:
    plan = Plan(
        load=LOAD, targets={"orders": "a:1"}, x_url="x", x_app=("id", "secret"), mail_url="m", nats_url="n",
        pages_url="p", pids={"orders": 1},
    )  # fmt: skip

    assert Plan.from_json(plan.to_json()) == plan


def test_the_last_line_of_a_report_is_json_with_the_figures() -> None:
    file = io.StringIO()
    pids = [*OURS, "sandbox-x", "generator"]
    seen = _seen() | {
        "window_seconds": 10.0,
        "cpu_seconds": dict.fromkeys(pids, 1.0),
        "pss_mb": dict.fromkeys(pids, 50.0),
        "pace": {
            "ended": 2_000, "per_second": 200.0, "reply_p50_ms": 9.6, "reply_p99_ms": 20.0, "receipt_p50_ms": 30.0,
            "receipt_p99_ms": 40.0,
        },
    }  # fmt: skip

    show(Result(load=LOAD, seen=seen, pgbench_tps=4_000.0, problems=[]), Console(file=file, width=110))

    figures = json.loads(file.getvalue().splitlines()[-1])
    assert figures["purchases_per_second"] == 200.0
    assert figures["purchases_per_cpu_second"] == 250.0
    assert (figures["reply_p50_ms"], figures["pgbench_tps"], figures["ratio_to_pgbench"]) == (10, 4_000, 0.05)
    assert figures["pss_mb"] == 300
    assert "sandbox-x" in file.getvalue()


def _posted(book: Book) -> Purchase:
    purchase = book.begin()
    book.posted(purchase, post_id=POST, order_id="order", at=1.0)
    return purchase


def _answers(post_id: str) -> dict[str, str]:
    return {"type": "replied_to", "id": post_id}


async def _lines(*batches: list[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    for batch in batches:
        await asyncio.sleep(0)
        yield batch


def _seen() -> dict[str, Any]:
    return {"begun": 2, "ended": 2, "unfinished": 0, "surplus_receipts": 0, "surplus_replies": 0}


def _kept(**changes: Any) -> Kept:
    usual: dict[str, Any] = {
        "orders": {"authorised": 2, "made": 2, "posts": 2},
        "charges": {"authorised": 2, "made": 2, "orders": 2},
        "card_network": {"a": 1, "b": 1},
    }
    return Kept(**{**usual, **changes})
