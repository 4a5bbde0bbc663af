"""A batch of arrivals becomes kept posts, moved positions and, behind them, the watermark: all in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from gateway.domain.arrivals import (
    Arrival,
    FrameRead,
    GapClosed,
    LineSkipped,
    PostFound,
    Stream,
    StreamLost,
    StreamOpened,
)
from gateway.domain.keeping import reason_to_skip, with_tags_that_fit
from gateway.domain.positions import Position, advance, watermark_of
from gateway.domain.post import Post, PostKind, ProgramAccount, Revocation, Skip, SkipReason
from gateway.domain.x_frames import Reading, read_frame
from gateway.usecases.ports import Telling, Transactions, Unit, WatermarkReached
from kernel.failpoints import FailPoint, failpoint
from kernel.tags import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What decides how a batch is read.

    `latency`: how late the network may deliver what was posted. `watermark_every`: the shortest time between two
    watermarks while nothing else needs a transaction.
    """

    program: ProgramAccount
    latency: timedelta
    watermark_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where reading stands: what the next batch starts from."""

    positions: Mapping[Stream, Position]
    watermark: datetime | None = None
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What a batch came to: the new progress, how many posts were kept, and why others were not, by stream."""

    progress: Progress
    kept: Mapping[Stream, int]
    skipped: Mapping[tuple[Stream, SkipReason], int]


@dataclass(slots=True)
class _Sorted:
    """A batch taken apart: no decision here needs the database."""

    posts: list[tuple[Stream, Post]] = field(default_factory=list)
    deletes: list[tuple[Stream, Post]] = field(default_factory=list)
    revocations: list[Revocation] = field(default_factory=list)
    skipped: Counter[tuple[Stream, SkipReason]] = field(default_factory=Counter)
    turned: bool = False
    """A connection came or went, or a gap closed: to be written at once."""


async def load_progress(*, transactions: Transactions) -> Progress:
    """Read where reading stood; a stream never read has an empty position."""
    async with transactions.begin() as unit:
        stored = await unit.positions.load()
        watermark = await unit.positions.watermark()
    positions = {stream: stored.get(stream, Position(stream=stream)) for stream in Stream}
    return Progress(positions=positions, watermark=watermark)


async def ingest_arrivals(
    arrivals: Sequence[Arrival],
    *,
    progress: Progress,
    known_tags: AbstractSet[Tag],
    policy: Policy,
    transactions: Transactions,
) -> Ingested:
    """Keep what is ours and move the positions; a batch that changes nothing worth writing costs no transaction."""
    found, moved = _sort(arrivals, progress=progress, known_tags=known_tags, policy=policy)
    at = max((each.at for each in arrivals if not isinstance(each, GapClosed)), default=progress.written_at)
    if not _worth_writing(found, moved, at=at, policy=policy):
        return Ingested(progress=moved, kept={}, skipped=found.skipped)
    async with transactions.begin() as unit:
        fresh = await _keep(found, unit=unit)
        revocations = await unit.posts.add_revocations(found.revocations)
        await unit.positions.save(moved.positions.values())
        watermark = await _raise_watermark(moved, unit=unit)
        told: list[Telling] = [*(post for _, post in fresh), *revocations]
        await unit.outbox.add(told + ([WatermarkReached(at=watermark)] if watermark else []))
        failpoint(FailPoint.GATEWAY_KEEP_UNCOMMITTED)
    failpoint(FailPoint.GATEWAY_KEEP_COMMITTED)
    written = replace(moved, watermark=watermark or moved.watermark, written_at=at)
    return Ingested(progress=written, kept=Counter(stream for stream, _ in fresh), skipped=found.skipped)


def _sort(
    arrivals: Sequence[Arrival], *, progress: Progress, known_tags: AbstractSet[Tag], policy: Policy
) -> tuple[_Sorted, Progress]:
    found, positions = _Sorted(), dict(progress.positions)
    for arrival in arrivals:
        reading = _reading_of(arrival, program=policy.program)
        stream = Stream.FILTERED if isinstance(arrival, PostFound) else arrival.stream
        _file(reading, stream=stream, found=found, known_tags=known_tags, program=policy.program)
        found.turned = found.turned or isinstance(arrival, StreamOpened | StreamLost | GapClosed)
        new_post = isinstance(reading, Post) and reading.kind is not PostKind.DELETE
        posted_at = reading.posted_at if isinstance(reading, Post) and new_post else None
        positions[stream] = advance(positions[stream], arrival, latency=policy.latency, posted_at=posted_at)
    return found, replace(progress, positions=positions)


def _reading_of(arrival: Arrival, *, program: ProgramAccount) -> Reading | None:
    if isinstance(arrival, FrameRead | PostFound):
        return read_frame(arrival.frame, program=program, at=arrival.at)
    return Skip(reason=arrival.reason) if isinstance(arrival, LineSkipped) else None


def _file(
    reading: Reading | None, *, stream: Stream, found: _Sorted, known_tags: AbstractSet[Tag], program: ProgramAccount
) -> None:
    match reading:
        case Post():
            if reason := reason_to_skip(reading, known_tags=known_tags, program=program):
                found.skipped[stream, reason] += 1
            else:
                kept = found.deletes if reading.kind is PostKind.DELETE else found.posts
                kept.append((stream, with_tags_that_fit(reading, known_tags=known_tags)))
        case Revocation():
            found.revocations.append(reading)
        case Skip():
            found.skipped[stream, reading.reason] += 1
        case None:
            return
        case _:
            assert_never(reading)


def _worth_writing(found: _Sorted, moved: Progress, *, at: datetime | None, policy: Policy) -> bool:
    if found.posts or found.deletes or found.revocations or found.turned:
        return True
    due = moved.written_at is None or (at is not None and at - moved.written_at >= policy.watermark_every)
    return due and _next_watermark(moved) is not None


def _next_watermark(progress: Progress) -> datetime | None:
    reached = watermark_of(progress.positions.values())
    if reached is None or (progress.watermark is not None and reached <= progress.watermark):
        return None
    return reached


async def _keep(found: _Sorted, *, unit: Unit) -> list[tuple[Stream, Post]]:
    """Keep posts, then deletes of posts we kept (perhaps just now); gives what was new."""
    fresh = await _add(found.posts, found=found, unit=unit)
    first_ids = await unit.posts.first_ids([post.version_id for _, post in found.deletes])
    ours = [(stream, post) for stream, post in found.deletes if post.version_id in first_ids]
    found.skipped += Counter(
        (stream, SkipReason.DELETE_OF_UNKEPT) for stream, post in found.deletes if post.version_id not in first_ids
    )
    named = [(stream, replace(post, post_id=first_ids[post.version_id])) for stream, post in ours]
    return fresh + await _add(named, found=found, unit=unit)


async def _add(posts: list[tuple[Stream, Post]], *, found: _Sorted, unit: Unit) -> list[tuple[Stream, Post]]:
    """Keep the versions never kept before; the others, also a second copy in this batch, are counted."""
    first: dict[str, tuple[Stream, Post]] = {}
    for stream, post in posts:
        if post.message_id in first:
            found.skipped[stream, SkipReason.SEEN_BEFORE] += 1
        else:
            first[post.message_id] = (stream, post)
    new = {post.message_id for post in await unit.posts.add([post for _, post in first.values()])}
    found.skipped += Counter((stream, SkipReason.SEEN_BEFORE) for key, (stream, _) in first.items() if key not in new)
    return [kept for key, kept in first.items() if key in new]


async def _raise_watermark(moved: Progress, *, unit: Unit) -> datetime | None:
    watermark = _next_watermark(moved)
    if watermark is not None:
        await unit.positions.save_watermark(watermark)
    return watermark
