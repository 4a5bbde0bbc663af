"""Gaps: what to ask the network for after a connection was lost, so that nothing posted meanwhile is missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from gateway.domain.post import ProgramAccount
from gateway.domain.rules import Limits, packed
from kernel.ids import NetworkUserId, PostId
from kernel.tags import Tag

BACKFILL_MINUTES_MAX = 5
"""X replays at most this much on connecting, and only on the enterprise tier."""

REPOSTS_MAX = 1_000
"""Prompts whose reposts are asked for, one question each, the newest first; self-serve, X answers 75 in 15 minutes."""

SEARCH_REACH = timedelta(days=7) - timedelta(minutes=5)
"""Recent search reaches seven days back; a little less, so that the start never falls outside while we ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPrompt:
    """A reply of ours that still asks for a confirmation, and whom it asks."""

    post_id: PostId
    author_id: NetworkUserId
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GapQuestions:
    """Searches to run from `since` on, and prompts whose reposts to list (searches return no reposts)."""

    since: datetime
    queries: tuple[str, ...]
    reposts_of: tuple[PostId, ...]


def questions_for(
    gap_from: datetime,
    *,
    at: datetime,
    overlap: timedelta,
    tags: Iterable[Tag],
    prompts: Sequence[OpenPrompt],
    posters: Iterable[NetworkUserId],
    program: ProgramAccount,
    limits: Limits,
) -> GapQuestions:
    """Ask for every rule's posts and every post of those we wait for (a plain confirmation matches no rule).

    `prompts` stand newest first. `posters` posted of late what we kept: a prompt of which nobody told us yet may ask
    them. Authors are asked for many a question, so every one of them is.
    """
    operators = [f"@{program.handle}", *(f"#{tag}" for tag in sorted(set(tags)))]
    authors = sorted({*posters, *(prompt.author_id for prompt in prompts)})
    return GapQuestions(
        since=max(gap_from - overlap, at - SEARCH_REACH),
        queries=tuple(
            packed([*operators, *(f"from:{author}" for author in authors)], characters_max=limits.query_characters_max)
        ),
        reposts_of=tuple(prompt.post_id for prompt in prompts[:REPOSTS_MAX]),
    )


def backfill_minutes(gap_from: datetime | None, *, at: datetime) -> int:
    """How many minutes to ask the stream to replay; 0 when there is nothing to replay."""
    if gap_from is None:
        return 0
    return max(0, min(BACKFILL_MINUTES_MAX, ceil((at - gap_from).total_seconds() / 60)))
