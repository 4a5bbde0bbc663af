"""A gap is closed: what was posted while a stream was down is asked for, before the word that nothing is missing."""

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from gateway.domain.arrivals import GapClosed
from gateway.domain.gaps import questions_for
from gateway.domain.positions import Position, StreamState
from gateway.domain.post import ProgramAccount
from gateway.domain.rules import Limits
from gateway.usecases.ingest_arrivals import Progress
from gateway.usecases.network import Archive
from gateway.usecases.ports import Transactions
from kernel.ids import PostId
from kernel.tags import Tag

AUTHORS_MAX = 20_000
"""Prompts and posters, newest first, whose posts are asked for: some 40 fit a question, and X answers 450 in 15 min."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far beyond the gap itself is asked.

    `overlap`: before it, for what the network delivered out of order. `prompt_open`: how long a prompt may be answered
    (the confirmation window and its slack). `archive_delay`: how long after a post a search may not find it yet.
    """

    overlap: timedelta
    prompt_open: timedelta
    archive_delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One query to run."""

    query: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reposts:
    """One post of ours whose reposts to list."""

    post_id: PostId
    since: datetime


Question = Search | Reposts


@dataclass(frozen=True, slots=True, kw_only=True)
class GapPlan:
    """The questions that close these gaps, and the words that say so."""

    questions: tuple[Question, ...]
    closes: tuple[GapClosed, ...]


def open_gaps(progress: Progress) -> list[Position]:
    """Find the streams that are connected again with a gap behind them."""
    return [each for each in progress.positions.values() if each.gap_from and each.state is StreamState.OPEN]


def asked_from(gaps: list[Position], *, reach: Reach) -> datetime | None:
    """Say when the archive can answer for everything before the newest connection; None without a gap."""
    opened = [gap.since for gap in gaps if gap.since is not None]
    return max(opened) + reach.archive_delay if opened else None


async def plan_gap(
    gaps: list[Position],
    *,
    at: datetime,
    known_tags: AbstractSet[Tag],
    program: ProgramAccount,
    limits: Limits,
    reach: Reach,
    transactions: Transactions,
) -> GapPlan:
    """Ask for everything since the oldest gap began: rules' posts, awaited authors' posts, prompts' reposts."""
    gap_from = min(gap.gap_from for gap in gaps if gap.gap_from is not None)
    open_from = gap_from - reach.prompt_open - reach.overlap
    async with transactions.begin() as unit:
        prompts = await unit.prompts.since(open_from, prompts_max=AUTHORS_MAX)
        posters = await unit.posts.authors_since(open_from, authors_max=AUTHORS_MAX)
    asked = questions_for(
        gap_from,
        at=at,
        overlap=reach.overlap,
        tags=known_tags,
        prompts=prompts,
        posters=posters,
        program=program,
        limits=limits,
    )
    return GapPlan(
        questions=(
            *(Search(query=query, since=asked.since) for query in asked.queries),
            *(Reposts(post_id=post_id, since=asked.since) for post_id in asked.reposts_of),
        ),
        closes=tuple(GapClosed(stream=gap.stream, opened_at=gap.since) for gap in gaps if gap.since is not None),
    )


def answers_to(question: Question, *, archive: Archive) -> AsyncIterator[list[object]]:
    """Ask one question; gives pages of frames and raises NetworkFailedError."""
    match question:
        case Search():
            return archive.search(question.query, since=question.since)
        case Reposts():
            return archive.reposts_of(question.post_id, since=question.since)
        case _:
            assert_never(question)
