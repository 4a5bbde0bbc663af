"""Rules, subscriptions, gaps and reports, with a network that only remembers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from services.gateway.tests.frames import MIA, NOW, PROGRAM, frame, id_at, post
from services.gateway.tests.gateway_world import TAGS, World, at, both_beat, both_opened, heard

from gateway.domain.arrivals import GapClosed, Stream, StreamLost
from gateway.domain.post import SkipReason
from gateway.domain.rules import SELF_SERVE, ExistingRule, Limits, Rule
from gateway.domain.subscriptions import ExistingSubscription, Subscription
from gateway.usecases.close_gap import Reach, Reposts, Search, answers_to, asked_from, open_gaps, plan_gap
from gateway.usecases.follow_events import follow_links, follow_prompts
from gateway.usecases.keep_rules import keep_rules
from gateway.usecases.keep_subscriptions import keep_subscriptions, watched_accounts
from gateway.usecases.list_connections import ConnectionState, list_connections
from gateway.usecases.ports import LinkChange, PromptPosted
from gateway.usecases.tally import Tally
from kernel.ids import LinkId, NetworkUserId, PostId, X

REACH = Reach(overlap=timedelta(seconds=5), prompt_open=timedelta(minutes=15), archive_delay=timedelta(seconds=30))
CROWDED = Limits(rules_max=3, rule_characters_max=1_024, query_characters_max=512)


@dataclass
class RememberedRules:
    """A rule book in memory; `said` is what was asked of it."""

    rules: list[ExistingRule] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def list_rules(self) -> list[ExistingRule]:
        return list(self.rules)

    async def add_rules(self, rules: Sequence[Rule]) -> int:
        self.said.append("add")
        self.rules += [ExistingRule(rule_id=rule.value, value=rule.value, tag=rule.tag) for rule in rules]
        return 0

    async def delete_rules(self, rule_ids: Sequence[str]) -> None:
        self.said.append("delete")
        self.rules = [rule for rule in self.rules if rule.rule_id not in rule_ids]


@dataclass
class RememberedSubscriptions:
    """Subscriptions in memory."""

    held: dict[str, Subscription] = field(default_factory=dict)
    listed: int = 0
    gone: NetworkUserId | None = None

    async def list_subscriptions(self) -> list[ExistingSubscription]:
        self.listed += 1
        return [ExistingSubscription(subscription_id=key, subscription=each) for key, each in self.held.items()]

    async def subscribe(self, subscription: Subscription) -> ExistingSubscription:
        if subscription.user_id == self.gone:
            return ExistingSubscription(subscription_id="", subscription=subscription, refused=True)
        key = f"{subscription.event_type}:{subscription.user_id}"
        self.held[key] = subscription
        return ExistingSubscription(subscription_id=key, subscription=subscription)

    async def unsubscribe(self, subscription_id: str) -> None:
        del self.held[subscription_id]


class EchoingArchive:
    """Answers with what it was asked."""

    async def search(self, query: str, *, since: datetime) -> AsyncIterator[list[object]]:
        yield [query, since]

    async def reposts_of(self, post_id: PostId, *, since: datetime) -> AsyncIterator[list[object]]:
        yield [post_id, since]


async def test_rules_are_brought_in_step_once() -> None:
    book = RememberedRules()

    first = await keep_rules(TAGS, program=PROGRAM, limits=SELF_SERVE, book=book)
    second = await keep_rules(TAGS, program=PROGRAM, limits=SELF_SERVE, book=book)
    third = await keep_rules((), program=PROGRAM, limits=SELF_SERVE, book=book)

    assert (first.added, second.added, third.deleted) == (3, 0, 1)
    assert book.said == ["add", "delete"]


async def test_new_rules_stand_before_old_ones_go_unless_there_is_no_room() -> None:
    book = RememberedRules([ExistingRule(rule_id="old", value="#old", tag="hashtill:tag:old")])

    await keep_rules(TAGS, program=PROGRAM, limits=SELF_SERVE, book=book)
    roomy = list(book.said)
    book.said.clear()
    await keep_rules(["new"], program=PROGRAM, limits=CROWDED, book=book)  # type: ignore[list-item] # a tag is text

    assert roomy == ["add", "delete"]
    assert book.said == ["delete", "add"]


async def test_a_book_full_of_others_rules_leaves_ours_out_and_says_so() -> None:
    book = RememberedRules([ExistingRule(rule_id=str(n), value=str(n), tag="theirs") for n in range(3)])

    kept = await keep_rules(TAGS, program=PROGRAM, limits=CROWDED, book=book)

    assert (kept.added, kept.left_out, book.said) == (0, 3, [])


async def test_subscriptions_follow_the_watched_links(world: World) -> None:
    network, link = RememberedSubscriptions(), LinkId(UUID(int=1))
    watched = LinkChange(link_id=link, user_id=NetworkUserId(MIA), watched=True, version=1)
    ended = LinkChange(link_id=link, user_id=NetworkUserId(MIA), watched=False, version=2)

    await follow_links([watched], transactions=world.transactions)
    accounts = await watched_accounts(transactions=world.transactions)
    first = await keep_subscriptions(accounts, held=None, subscriptions_max=10, network=network)
    await follow_links([ended], transactions=world.transactions)
    accounts = await watched_accounts(transactions=world.transactions)
    second = await keep_subscriptions(accounts, held=first.held, subscriptions_max=10, network=network)

    assert (first.added, second.deleted, network.held, second.held) == (3, 3, {}, ())
    assert network.listed == 1


async def test_an_account_that_is_gone_holds_up_nobody_else_and_is_not_asked_for_again_at_once() -> None:
    gone, here = NetworkUserId("1"), NetworkUserId(MIA)
    network = RememberedSubscriptions(gone=gone)

    first = await keep_subscriptions([gone, here], held=None, subscriptions_max=10, network=network)
    second = await keep_subscriptions([gone, here], held=first.held, subscriptions_max=10, network=network)
    third = await keep_subscriptions([here], held=second.held, subscriptions_max=10, network=network)

    assert (first.added, first.refused, second.added, second.refused, third.deleted) == (3, 3, 0, 0, 0)


async def test_a_gap_plans_searches_and_the_reposts_of_prompts_open_when_it_began(world: World) -> None:
    await world.ingest([*both_opened(), heard(frame(post(id_at(1), "BuyKindle")), 2), *both_beat(1_000)])
    await follow_prompts([prompt("500", 500), prompt("2", 2)], transactions=world.transactions)
    await world.ingest([StreamLost(stream=Stream.FILTERED, at=at(1_001), why="cut"), *both_opened(2_000)])
    assert world.progress is not None

    gaps = open_gaps(world.progress)
    plan = await plan_gap(
        gaps,
        at=at(2_030),
        known_tags=TAGS,
        program=PROGRAM,
        limits=SELF_SERVE,
        reach=REACH,
        transactions=world.transactions,
    )

    since = at(1_000 - 10 - 5)
    assert asked_from(gaps, reach=REACH) == at(2_030)
    assert plan.questions == (
        Search(query=f"@AmexSync OR #buykindle OR from:{MIA}", since=since),
        Reposts(post_id=PostId("500"), since=since),
    )
    assert plan.closes == tuple(GapClosed(stream=stream, opened_at=at(2_000)) for stream in Stream)


async def test_prompts_beyond_the_reach_of_a_search_are_forgotten(world: World) -> None:
    await world.ingest([heard(frame(post(id_at(1), "BuyKindle")), 2)])
    await follow_prompts([prompt("2", 2)], transactions=world.transactions)
    await follow_prompts([], transactions=world.transactions)

    await follow_prompts([prompt("3", 8 * 86_400)], transactions=world.transactions)

    async with world.transactions.begin() as unit:
        assert [each.post_id for each in await unit.prompts.since(NOW, prompts_max=9)] == ["3"]


async def test_without_a_gap_there_is_nothing_to_ask(world: World) -> None:
    await world.ingest(both_opened())
    assert world.progress is not None

    assert asked_from(open_gaps(world.progress), reach=REACH) is None


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        (Search(query="@AmexSync", since=NOW), "@AmexSync"),
        (Reposts(post_id=PostId("7"), since=NOW), "7"),
    ],
)
async def test_each_question_goes_where_it_is_answered(question: Search | Reposts, asked: str) -> None:
    pages = [page async for page in answers_to(question, archive=EchoingArchive())]

    assert pages == [[asked, NOW]]


async def test_operators_see_each_stream_with_its_state_and_counts(world: World) -> None:
    tally = Tally()
    tally.add(await world.ingest([*both_opened(), heard(frame(post(id_at(), "weather")))]))
    tally.add(await world.ingest([StreamLost(stream=Stream.ACTIVITY, at=at(5), why="cut"), *both_opened(9)[:1]]))
    tally.connects[Stream.FILTERED] = 2

    live = await list_connections(world.progress, network=X, tally=tally, transactions=world.transactions)
    stored = await list_connections(None, network=X, tally=Tally(), transactions=world.transactions)

    assert [each.state for each in live] == [ConnectionState.DOWN, ConnectionState.CATCHING_UP]
    assert (live[1].skipped_counts, live[1].connects_count) == ({SkipReason.NOT_FOR_US: 1}, 2)
    assert {each.state for each in stored} == {ConnectionState.STANDBY}


async def test_a_stream_without_a_gap_is_up(world: World) -> None:
    await world.ingest(both_opened())

    reports = await list_connections(world.progress, network=X, tally=Tally(), transactions=world.transactions)

    assert {each.state for each in reports} == {ConnectionState.UP}


def prompt(post_id: str, seconds: float) -> PromptPosted:
    return PromptPosted(post_id=PostId(post_id), in_reply_to_post_id=PostId(id_at(1)), posted_at=at(seconds))
