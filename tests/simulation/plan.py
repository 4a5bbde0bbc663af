"""The plan of a seed: which stories are told when, how stormy it is, and the faults that have a time of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.simulation.chance import Fault, stream
from tests.simulation.people import Person
from tests.simulation.processor import CardKind
from tests.simulation.stories import STORIES, Story
from tests.simulation.x_posts import Account

from hashtill_cli.embedded.servers import SERVICES

ORDERS_LEAST = 23
"""A seed's orders, unless said otherwise: twenty, and three that an outage may keep from being made."""

BEGIN_WITHIN_SECONDS = 600.0
STORMS = (0.0, 0.5, 1.0, 1.0, 2.0, 4.0)
CLOCKS = ("identity", "offers", "orders", "payments")
"""Databases whose clock may step by minutes. The notifier's may be a minute from X's (`CLOCKS_APART_MAX`)."""

OUTAGE_SECONDS = (300.0, 2_400.0)
"""An outage beyond anybody's patience: twice a window and its slack; while it lasts, everybody asks once a second."""

LINES = (
    ("orders", "identity"), ("orders", "offers"), ("orders", "payments"), ("notifier", "identity"),
    ("notifier", "orders"),
)  # fmt: skip
STREAMS = ("SOCIAL", "ORDERS", "NOTIFIER", "PAYMENTS", "IDENTITY", "OFFERS", "KV_known_tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One story of a seed."""

    name: str
    number: int
    story: Story
    begins_after: float
    cast: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """A fault with a time: what it strikes and for how long (or how much)."""

    fault: Fault
    number: int
    at: float
    target: str
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is decided beforehand."""

    orders_least: int
    storm: float
    stories: Sequence[Told]
    faults: Sequence[PlannedFault]


def plan_of(seed: int, *, orders_least: int = ORDERS_LEAST) -> Plan:
    """Draw a seed's plan; with more orders, all told in the same time, every fault strikes more of them."""
    draw = stream(seed, "plan")
    storm = draw.choice(STORMS)
    stories = _stories(draw, orders_least)
    return Plan(orders_least=orders_least, storm=storm, stories=stories, faults=_faults(draw, storm) if storm else ())


def _stories(draw: Random, orders_least: int) -> list[Told]:
    told, account = list[Told](), 5_000
    while sum(each.story.orders for each in told) < orders_least:
        name = draw.choices(list(STORIES), weights=[story.weight for story in STORIES.values()])[0]
        story = STORIES[name]
        cast = tuple(_person(account + place, card, story) for place, card in enumerate(story.cast))
        account += len(cast)
        begins_after = draw.uniform(0, BEGIN_WITHIN_SECONDS)
        told.append(Told(name=name, number=len(told), story=story, begins_after=begins_after, cast=cast))
    return told


def _person(number: int, card: CardKind | None, story: Story) -> Person:
    account = Account(user_id=str(number), handle=f"member{number}", protected=story.protected)
    return Person(account=account, card=card or CardKind.GOOD, linked=card is not None)


def _faults(draw: Random, storm: float) -> list[PlannedFault]:
    drawn = [
        *_some(draw, Fault.CRASH_AT_REST, 2 * storm, SERVICES, (0.5, 20.0)),
        *_some(draw, Fault.BROKER_DOWN, 0.5 * storm, ("",), (1.0, 60.0)),
        *_some(draw, Fault.TAIL_LOST, 0.8 * storm, STREAMS, (1.0, 12.0)),
        *_some(draw, Fault.PEER_UNREACHABLE, storm, LINES, (5.0, 120.0)),
        *_some(draw, Fault.STREAM_DROPPED, 1.5 * storm, ("filtered", "activity", "both"), (0.0, 200.0)),
        *_some(draw, Fault.CLOCK_STEPPED, 0.5 * storm, CLOCKS, (-600.0, 600.0)),
        *_some(draw, Fault.CLOCK_STEPPED, 0.2 * storm, ("notifier", "gateway"), (-45.0, 45.0)),
    ]
    if draw.random() < 0.12:  # an outage longer than anybody's patience
        drawn += _some(draw, Fault.CRASH_AT_REST, 1.5, SERVICES, OUTAGE_SECONDS)
    if draw.random() < 0.05:
        drawn += _some(draw, Fault.PEER_UNREACHABLE, 1.5, LINES, OUTAGE_SECONDS)
    return drawn


def _some(
    draw: Random, fault: Fault, mean: float, targets: Sequence[object], amounts: tuple[float, float]
) -> list[PlannedFault]:
    """Draw how many there are, and when: mostly while there is much to disturb, some days later."""
    count = sum(draw.random() < mean / 8 for _ in range(8))
    return [
        PlannedFault(
            fault=fault,
            number=draw.randrange(10**6),
            at=draw.uniform(0, 2_400.0) if draw.random() < 0.8 else draw.uniform(0, 2 * 86_400.0),
            target=_named(draw.choice(targets)),
            amount=draw.uniform(*amounts),
        )
        for _ in range(count)
    ]


def _named(target: object) -> str:
    return "-".join(target) if isinstance(target, tuple) else str(target)


FAULTS_END = timedelta(days=7, hours=12)
"""From then on the world is whole; the longest story has its end before."""

ENDS = timedelta(days=8)
