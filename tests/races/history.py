"""The history of a raced order, and everything that must hold of it; pure, so that a planted breach can be tried."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.races.drawing import Raced

from kernel.ids import PostId
from orders.domain.posts import VerdictWord
from orders.domain.states import Event, Fact, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the order's log."""

    version: int
    from_state: str | None
    to_state: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event in the outbox: at which version, and its name."""

    version: int
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict on a post."""

    post_id: PostId
    word: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that is written down about one order; `expired_at` is the clock's time of its expiry."""

    state: str
    version: int
    confirmed_by: PostId | None
    expired_at: datetime | None
    lines: tuple[Line, ...]
    told: tuple[Told, ...]
    verdicts: tuple[Judged, ...]

    def count(self, cause: Fact) -> int:
        """Count the lines with a cause."""
        return sum(line.cause == cause for line in self.lines)


def breaches(race: Raced, history: History, *, slack: timedelta) -> list[str]:
    """Say what does not hold, one sentence each."""
    return [
        *_of_the_log(history),
        *_of_the_effect(history),
        *_of_the_time(race, history, slack=slack),
        *_of_the_events(history),
        *_of_the_verdicts(race, history),
    ]


def _of_the_log(history: History) -> Iterator[str]:
    versions = [line.version for line in history.lines]
    if versions != list(range(1, history.version + 1)):
        yield f"the log has versions {versions}, the order is at {history.version}"
    for before, after in zip(history.lines, history.lines[1:], strict=False):
        if after.from_state != before.to_state:
            yield f"version {after.version} leaves {after.from_state}, but {before.to_state} was entered"
        if before.to_state == State.EXPIRED:
            yield f"version {after.version} happened to an expired order"
    if history.lines and history.lines[-1].to_state != history.state:
        yield f"the order is {history.state}, its log ends in {history.lines[-1].to_state}"


def _of_the_effect(history: History) -> Iterator[str]:
    confirmed, over = history.count(Fact.CONFIRMED), history.count(Fact.DEADLINE_PASSED)
    if confirmed + over != 1:
        yield f"confirmed {confirmed} times and expired {over} times"
    expected = State.AUTHORIZED if confirmed else State.EXPIRED
    if history.state != expected:
        yield f"the order ended as {history.state} instead of {expected}"


def _of_the_time(race: Raced, history: History, *, slack: timedelta) -> Iterator[str]:
    confirmed = history.count(Fact.CONFIRMED) > 0
    if race.must_confirm and not confirmed:
        yield "a confirmation in time, delivered within a minute, was not honoured"
    in_time = {post.post_id for post in race.posts if post.posted_at <= race.confirm_by}
    if confirmed and history.confirmed_by not in in_time:
        yield f"confirmed by {history.confirmed_by}, which is late by its id"
    if history.expired_at is not None and history.expired_at < race.confirm_by + slack:
        yield f"expired at {history.expired_at}, before its window and the slack were over"


def _of_the_events(history: History) -> Iterator[str]:
    told = Counter(each.event for each in history.told)
    for event, fact in ((Event.CONFIRMED, Fact.CONFIRMED), (Event.EXPIRED, Fact.RELEASED)):
        if told[event] != history.count(fact):
            yield f"{event} was told {told[event]} times"
    versions = {line.version for line in history.lines}
    if unknown := [each.version for each in history.told if each.version not in versions]:
        yield f"events were told at versions {unknown} that the log does not have"


def _of_the_verdicts(race: Raced, history: History) -> Iterator[str]:
    late = {post.post_id for post in race.posts if post.posted_at > race.confirm_by}
    confirming = [each.post_id for each in history.verdicts if each.word == VerdictWord.CONFIRMED]
    if len(confirming) != history.count(Fact.CONFIRMED):
        yield f"{len(confirming)} posts are said to have confirmed"
    if late & set(confirming):
        yield f"late posts are said to have confirmed: {sorted(late & set(confirming))}"
    if missing := {post.post_id for post in race.posts} - {each.post_id for each in history.verdicts}:
        yield f"posts without a verdict: {sorted(missing)}"
