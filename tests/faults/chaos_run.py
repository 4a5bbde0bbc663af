"""A run of chaos: a steady load, one blow after the other with a pause for healing, and the judgement afterwards."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg
from tests.faults.chaos_accounts import ENDED, Accounts, accounts_of, written_of
from tests.faults.chaos_blows import Blow
from tests.faults.chaos_figures import Effect, touched
from tests.faults.chaos_ground import WINDOW_SECONDS, ChaosError, Ground, ground, keyring_of, until
from tests.faults.chaos_load import Load, loaded
from tests.faults.chaos_purchases import Manner, Purchase

from hashtill_cli.bench.purchases import percentile
from hashtill_cli.checking.reading.places import places_of
from hashtill_cli.checking.run import Check, check

CALM_SECONDS_MAX = 60.0
"""A blow's pause for healing ends when nobody waits longer than usual, or here: then the next falls on the unhealed."""

USUAL_SECONDS = 2.0
"""What buyers wait at most when nothing happens; on a slower machine, what they waited before the first blow."""

UNSTRUCK_SECONDS = 10.0
"""So long they are watched for that."""

GIVEN_UP_SECONDS = 120.0
"""Who waits longer waits for what is lost; the accounts will name it, and no later blow is charged with it."""

LOOK_SECONDS = 0.1

RECENT = 4_000
"""Purchases that may still wait: more than are begun during a blow and its healing."""

REAP_SECONDS = 2.0

DRAIN_SECONDS_MAX = 180.0
"""After the last blow: leases of a minute, retries of half a minute, and the merchant's parcels."""

MOST = 100_000
"""Strokes of a run that is bounded by time alone."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, how long, and with what chance."""

    rate: float
    members: int
    seconds: float
    seed: int
    most: int = MOST
    """Strokes at most, drawn from all there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    effects: Sequence[Effect]
    failures: Sequence[str]
    """Blows that could not be undone, in a sentence each."""
    accounts: Accounts
    check: Check


async def run(plan: Plan, blows: Callable[[Ground], Sequence[Blow]], *, data: Path, tell: Tell) -> Outcome:
    """Start a suite on the folder, strike until the time is over (each blow at least once), drain and judge."""
    chance = Random(plan.seed)  # noqa: S311 - draws blows and buyers, keeps no secret
    async with ground(data, chance=chance) as struck:
        tell("the suite is ready")
        following = loaded(
            struck.book, keyring=keyring_of(struck), members=plan.members, window_seconds=WINDOW_SECONDS, chance=chance
        )
        async with following as (load, tasks):
            struck.load = load
            tell(f"{plan.members} buyers are linked")
            background = [*tasks, asyncio.create_task(_reap(struck))]
            selling = asyncio.create_task(load.run(plan.rate))
            effects, failures = await _strike_all(struck, blows(struck), plan, background, tell)
            load.is_open = False
            await selling
            return await _judge(struck, effects, failures, tell)


async def _strike_all(
    struck: Ground, blows: Sequence[Blow], plan: Plan, background: Sequence["asyncio.Task[None]"], tell: Tell
) -> tuple[list[Effect], list[str]]:
    effects: list[Effect] = []
    failures: list[str] = []
    ends_at = time.monotonic() + plan.seconds
    await _calm(struck.load)
    await asyncio.sleep(UNSTRUCK_SECONDS)
    struck.load.usual_seconds = max(USUAL_SECONDS, _longest_wait(struck.load))
    for number, blow in enumerate(_rounds(blows, struck.chance)):
        if number >= plan.most or (number >= len(blows) and time.monotonic() > ends_at):
            break
        _must_go_on(struck, background)
        try:
            effects.append(await _strike(struck, blow))
            tell(_line(effects[-1]))
        except ChaosError as failure:
            failures.append(f"{blow.name}: {failure}")
            tell(f"FAIL {failures[-1]}")
    return effects, failures


def _rounds(blows: Sequence[Blow], chance: Random) -> Iterator[Blow]:
    while blows:
        yield from chance.sample(blows, len(blows))


async def _strike(struck: Ground, blow: Blow) -> Effect:
    struck_at = time.time()
    said = await blow.strike(struck)
    undone_at = time.time()
    await _calm(struck.load)
    now = time.time()
    recent = struck.load.purchases[-RECENT:]
    return Effect(
        blow=blow.name,
        struck_at=struck_at,
        undone_at=undone_at,
        serving_after=_serving_after(recent, struck_at),
        calm_after=now - undone_at,
        stalls=touched(
            (leg for each in recent for leg in each.legs() if leg.began_at > struck_at - GIVEN_UP_SECONDS),
            struck_at=struck_at,
            now=now,
        ),
        said=said,
    )


async def _calm(load: Load) -> None:
    """Wait until somebody who began since was served, and nobody waits longer than usual."""
    since = time.time()
    while (now := time.time()) < since + CALM_SECONDS_MAX:
        recent = load.purchases[-RECENT:]
        served = _serving_after(recent, since) < CALM_SECONDS_MAX
        waiting = (leg.seconds(now=now) for each in recent for leg in each.legs() if not leg.ended_at)
        if served and max((each for each in waiting if each < GIVEN_UP_SECONDS), default=0.0) <= load.usual_seconds:
            return
        await asyncio.sleep(LOOK_SECONDS)


def _longest_wait(load: Load) -> float:
    ended = sorted(leg.seconds(now=leg.ended_at) for leg in load.legs() if leg.ended_at)
    return percentile(ended, 99)


def _serving_after(purchases: Sequence[Purchase], at: float) -> float:
    """Seconds until a post and a confirmation of later were both answered; infinite while they are not."""
    answers = [each.answered_at - at for each in purchases if each.posted_at > at and each.answered_at]
    receipts = [each.receipt_at - at for each in purchases if each.confirmed_at > at and each.receipt_at]
    return max(min(answers, default=float("inf")), min(receipts, default=float("inf")))


async def _reap(struck: Ground) -> None:
    """Let buyers go whose purchase ended without a receipt, as orders says once their window is long over."""
    while True:
        await asyncio.sleep(REAP_SECONDS)
        long_ago = time.time() - WINDOW_SECONDS - USUAL_SECONDS
        late = {each.post_id: each for each in struck.load.unended() if 0 < each.posted_at < long_ago}
        try:
            written = await written_of(struck.book.databases["orders"], list(late))
        except (OSError, asyncpg.PostgresError, TimeoutError):
            continue  # it was struck; the next look is soon
        for post_id, end in written.items():
            if end.state in ENDED and (
                late[post_id].confirm_id or late[post_id].manner is Manner.NEVER or not late[post_id].prompts
            ):
                struck.load.let_go(late[post_id])


async def _judge(struck: Ground, effects: list[Effect], failures: list[str], tell: Tell) -> Outcome:
    tell("no more blows; draining")
    await _drained(struck)
    tell("checking I1 to I10")
    checked = await check(places_of(struck.data), settle_seconds=DRAIN_SECONDS_MAX)
    purchases = struck.load.purchases
    written = await written_of(struck.book.databases["orders"], [each.post_id for each in purchases])
    accounts = accounts_of(purchases, written, window_seconds=WINDOW_SECONDS)
    return Outcome(effects=effects, failures=failures, accounts=accounts, check=checked)


async def _drained(struck: Ground) -> None:
    with suppress(ChaosError):  # who is left is named by the accounts
        await until(lambda: not struck.load.unended(), seconds=DRAIN_SECONDS_MAX, what="every buyer")


def _must_go_on(struck: Ground, background: Sequence["asyncio.Task[None]"]) -> None:
    for task in background:
        if task.done():
            task.result()
    if struck.process.poll() is not None:
        raise ChaosError(f"The supervisor ended. See {struck.log}")


def _line(effect: Effect) -> str:
    worst = max(effect.stalls, default=0.0)
    felt = f"served again after {effect.serving_after:.1f} s, calm {effect.calm_after:.1f} s after its end"
    return f"{effect.blow}: {felt}, longest wait {worst:.1f} s {effect.said}"
