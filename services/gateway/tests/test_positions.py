"""How far streams are read, and the watermark."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.frames import NOW

from gateway.domain.arrivals import (
    Arrival,
    FrameRead,
    GapClosed,
    HeartbeatRead,
    LineSkipped,
    PostFound,
    Stream,
    StreamLost,
    StreamOpened,
)
from gateway.domain.positions import Position, StreamState, advance, watermark_of
from gateway.domain.post import SkipReason

LATENCY = timedelta(seconds=10)
FILTERED = Stream.FILTERED


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def opened(seconds: float) -> StreamOpened:
    return StreamOpened(stream=FILTERED, at=at(seconds))


def heartbeat(seconds: float) -> HeartbeatRead:
    return HeartbeatRead(stream=FILTERED, at=at(seconds))


def lost(seconds: float) -> StreamLost:
    return StreamLost(stream=FILTERED, at=at(seconds), why="cut")


def after(*arrivals: Arrival, start: Position | None = None) -> Position:
    position = start or Position(stream=FILTERED)
    for arrival in arrivals:
        position = advance(position, arrival, latency=LATENCY)
    return position


def test_the_first_connection_ever_begins_the_record_without_a_gap() -> None:
    position = after(opened(0))

    assert (position.state, position.read_until, position.gap_from) == (StreamState.OPEN, at(-10), None)


def test_a_heartbeat_says_everything_older_than_the_latency_is_read() -> None:
    assert after(opened(0), heartbeat(20)).surely_read_until == at(10)


def test_an_unreadable_line_is_heard_all_the_same() -> None:
    skipped = LineSkipped(stream=FILTERED, reason=SkipReason.NOT_JSON, at=at(20))

    assert after(opened(0), skipped).last_heard_at == at(20)


def test_a_late_post_says_the_network_is_behind() -> None:
    position = after(opened(0))

    late = advance(position, FrameRead(stream=FILTERED, frame={}, at=at(60)), latency=LATENCY, posted_at=at(5))
    prompt = advance(position, FrameRead(stream=FILTERED, frame={}, at=at(60)), latency=LATENCY, posted_at=at(59))

    assert late.read_until == at(5)
    assert prompt.read_until == at(50)


def test_a_lost_stream_stands_still_and_a_new_connection_opens_a_gap() -> None:
    down = after(opened(0), heartbeat(20), lost(25))
    again = after(opened(100), heartbeat(120), start=down)

    assert (down.state, down.why_lost, down.surely_read_until) == (StreamState.LOST, "cut", at(10))
    assert (again.surely_read_until, again.read_until) == (at(10), at(110))


def test_a_closed_gap_lets_the_position_go_on() -> None:
    closed = after(opened(0), lost(5), opened(100), heartbeat(120), GapClosed(stream=FILTERED, opened_at=at(100)))

    assert closed.surely_read_until == at(110)


def test_a_gap_closed_for_an_earlier_connection_stays_open() -> None:
    twice = after(opened(0), lost(5), opened(100), lost(110), opened(120))

    position = after(GapClosed(stream=FILTERED, opened_at=at(100)), start=twice)

    assert position.gap_from == at(-10)


def test_the_same_connection_told_twice_changes_nothing() -> None:
    position = after(opened(0), lost(5), opened(100), GapClosed(stream=FILTERED, opened_at=at(100)))

    assert after(opened(100), start=position) == position


def test_a_post_found_by_asking_moves_no_position() -> None:
    position = after(opened(0))

    assert after(PostFound(frame={}, at=at(50)), start=position) == position


def test_the_watermark_is_the_least_of_all_streams_and_needs_each() -> None:
    ahead = Position(stream=Stream.FILTERED, read_until=at(50))
    behind = Position(stream=Stream.ACTIVITY, read_until=at(60), gap_from=at(20))

    assert watermark_of([ahead, behind]) == at(20)
    assert watermark_of([ahead, Position(stream=Stream.ACTIVITY)]) is None
    assert watermark_of([]) is None


def closed(seconds: float) -> GapClosed:
    return GapClosed(stream=FILTERED, opened_at=at(seconds - 1))


Maker = Callable[[float], Arrival]
_MAKERS: list[Maker] = [opened, heartbeat, lost, closed]


@given(makers=st.lists(st.sampled_from(_MAKERS)))
def test_what_is_surely_read_never_goes_back_nor_passes_what_was_heard(
    makers: list[Callable[[float], Arrival]],
) -> None:
    position, before = Position(stream=FILTERED), None
    for second, make in enumerate(makers):
        position = advance(position, make(second), latency=LATENCY)
        reached = position.surely_read_until
        assert before is None or (reached is not None and before <= reached <= at(second) - LATENCY)
        before = reached
