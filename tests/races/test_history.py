"""The races' checker, tried on histories with a planted breach: each must be said, and a sound one must not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.races.drawing import Confirming, Draw, Raced, events
from tests.races.history import History, Judged, Line, Told, breaches
from tests.races.lane import Lane

from kernel.ids import NetworkUserId, OrderId, PostId
from kernel.snowflakes import first_snowflake_at

CONFIRM_BY = datetime(2026, 11, 23, 15, 15, tzinfo=UTC)
SLACK = timedelta(seconds=60)
IN_TIME = PostId(str(first_snowflake_at(CONFIRM_BY)))
LATE = PostId(str(first_snowflake_at(CONFIRM_BY + timedelta(milliseconds=1))))
SEED = 7

_BORN = (
    Line(version=1, from_state=None, to_state="RECEIVED", cause="PostRead"),
    Line(version=2, from_state="RECEIVED", to_state="HOLDING", cause="StepTaken"),
    Line(version=3, from_state="HOLDING", to_state="PROMPTING", cause="StockHeld"),
    Line(version=4, from_state="PROMPTING", to_state="AWAITING_CONFIRMATION", cause="ReplyPosted"),
)
_PAID = (
    Line(version=5, from_state="AWAITING_CONFIRMATION", to_state="COMMITTING", cause="Confirmed"),
    Line(version=6, from_state="COMMITTING", to_state="AUTHORIZING", cause="HoldCommitted"),
    Line(version=7, from_state="AUTHORIZING", to_state="AUTHORIZED", cause="ChargeAuthorized"),
)
_OVER = (
    Line(version=5, from_state="AWAITING_CONFIRMATION", to_state="RELEASING", cause="DeadlinePassed"),
    Line(version=6, from_state="RELEASING", to_state="EXPIRED", cause="HoldReleased"),
)

CONFIRMED = History(
    state="AUTHORIZED",
    version=7,
    confirmed_by=IN_TIME,
    expired_at=None,
    lines=_BORN + _PAID,
    told=(Told(version=3, event="OrderHeld"), Told(version=5, event="OrderConfirmed")),
    verdicts=(Judged(post_id=IN_TIME, word="CONFIRMED", reason=""),),
)
EXPIRED = History(
    state="EXPIRED",
    version=6,
    confirmed_by=None,
    expired_at=CONFIRM_BY + SLACK,
    lines=_BORN + _OVER,
    told=(Told(version=3, event="OrderHeld"), Told(version=6, event="OrderExpired")),
    verdicts=(Judged(post_id=LATE, word="REFUSED", reason="TOO_LATE"),),
)


def test_sound_histories_have_no_breach() -> None:
    assert _breaches(_race(IN_TIME), CONFIRMED) == []
    assert _breaches(_race(LATE), EXPIRED) == []


def test_both_effects_on_one_order_are_said() -> None:
    both = replace(EXPIRED, lines=(*_BORN, _PAID[0], *_OVER), version=7)

    assert "confirmed 1 times and expired 1 times" in _breaches(_race(IN_TIME), both)


def test_an_order_that_neither_confirmed_nor_expired_is_said() -> None:
    waiting = replace(EXPIRED, lines=_BORN, version=4, state="AWAITING_CONFIRMATION", told=EXPIRED.told[:1])

    assert "confirmed 0 times and expired 0 times" in _breaches(_race(LATE), waiting)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lines": EXPIRED.lines[:2] + EXPIRED.lines[3:]}, "the log has versions [1, 2, 4, 5, 6]"),
        ({"version": 7}, "the order is at 7"),
        ({"state": "AUTHORIZED"}, "its log ends in EXPIRED"),
        ({"expired_at": CONFIRM_BY + SLACK - timedelta(microseconds=1)}, "before its window and the slack were over"),
        ({"told": EXPIRED.told[:1]}, "OrderExpired was told 0 times"),
        ({"told": (*EXPIRED.told, EXPIRED.told[1])}, "OrderExpired was told 2 times"),
        ({"told": (*EXPIRED.told, Told(version=5, event="OrderConfirmed"))}, "OrderConfirmed was told 1 times"),
        ({"told": (*EXPIRED.told, Told(version=9, event="OrderPrompted"))}, "at versions [9]"),
        ({"verdicts": (Judged(post_id=LATE, word="CONFIRMED", reason=""),)}, "late posts are said to have confirmed"),
        ({"verdicts": ()}, "posts without a verdict"),
    ],
)
def test_what_is_written_down_wrongly_is_said(changed: dict[str, object], said: str) -> None:
    sentences = _breaches(_race(LATE), replace(EXPIRED, **changed))  # type: ignore[arg-type] # a table of fields

    assert any(said in sentence for sentence in sentences), sentences


def test_an_expired_order_that_lives_again_is_said() -> None:
    again = Line(version=7, from_state="EXPIRED", to_state="COMMITTING", cause="Confirmed")

    sentences = _breaches(_race(IN_TIME), replace(EXPIRED, lines=(*EXPIRED.lines, again), version=7))

    assert "version 7 happened to an expired order" in sentences


def test_a_confirmation_in_time_that_was_not_honoured_is_said_unless_it_came_too_late() -> None:
    said = "a confirmation in time, delivered within a minute, was not honoured"
    judged = replace(EXPIRED, verdicts=(Judged(post_id=IN_TIME, word="REFUSED", reason="TOO_LATE"),))

    assert _breaches(_race(IN_TIME, late_by=SLACK), judged) == [said]
    assert _breaches(_race(IN_TIME, late_by=SLACK + timedelta(milliseconds=1)), judged) == []


def test_a_late_confirmation_that_was_honoured_is_said() -> None:
    judged = (Judged(post_id=LATE, word="CONFIRMED", reason=""),)

    sentences = _breaches(_race(LATE), replace(CONFIRMED, confirmed_by=LATE, verdicts=judged))

    assert f"confirmed by {LATE}, which is late by its id" in sentences


def test_the_draw_posts_around_the_end_of_the_window_and_repeats_itself_from_its_seed() -> None:
    drawn, again = ([post for _ in range(200) for post in draw.posts(CONFIRM_BY)] for draw in (Draw(SEED), Draw(SEED)))
    offsets = {(post.posted_at - CONFIRM_BY) // timedelta(milliseconds=1) for post in drawn}

    assert drawn == again
    assert (min(offsets), max(offsets)) == (-50, 50)
    assert {0, 1} <= offsets
    assert all(at >= post.posted_at for post in drawn for at in post.deliveries)


def test_every_copy_of_a_post_and_the_reply_are_delivered() -> None:
    race = _race(IN_TIME, LATE)

    assert sorted(at for at, _, _ in events([race])) == sorted(
        [race.reply_at, *(at for post in race.posts for at in post.deliveries)]
    )


def test_a_lane_gives_everything_again_until_it_is_settled_and_its_floor_never_passes_a_gap() -> None:
    lane, seen = Lane[int](Draw(SEED), batch_max=3), list[int]()
    for number in range(1, 101):
        lane.send(number)
    first, second = lane.take(), lane.take()
    lane.settle(second)
    floor_with_a_gap = lane.settled

    lane.settle(first)
    while lane.unsettled:
        batch = lane.take()
        seen += [message for _, message in batch]
        lane.settle(batch)

    assert floor_with_a_gap == 0
    assert (lane.settled, lane.delivered) == (100, 100)
    assert {message for _, message in [*first, *second]} | set(seen) == set(range(1, 101))
    assert lane.copies > 0


def _race(*posts: PostId, late_by: timedelta = timedelta()) -> Raced:
    return Raced(
        order_id=OrderId(UUID(int=1)),
        author_id=NetworkUserId("1"),
        prompt_id=PostId(str(first_snowflake_at(CONFIRM_BY - timedelta(minutes=15)))),
        confirm_by=CONFIRM_BY,
        reply_at=CONFIRM_BY - timedelta(minutes=15),
        posts=tuple(
            Confirming(post_id=each, deliveries=(Confirming(post_id=each, deliveries=()).posted_at + late_by,))
            for each in posts
        ),
    )


def _breaches(race: Raced, history: History) -> list[str]:
    return breaches(race, history, slack=SLACK)
