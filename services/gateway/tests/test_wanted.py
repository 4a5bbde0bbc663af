"""Which rules, subscriptions and questions are wanted."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.frames import NOW, PROGRAM

from gateway.domain.gaps import (
    BACKFILL_MINUTES_MAX,
    REPOSTS_MAX,
    SEARCH_REACH,
    OpenPrompt,
    backfill_minutes,
    questions_for,
)
from gateway.domain.rules import SELF_SERVE, ExistingRule, Limits, Rule, changes_to, packed, rules_wanted
from gateway.domain.subscriptions import ExistingSubscription, Subscription, subscription_changes
from kernel.ids import NetworkUserId, PostId
from kernel.tags import Tag

FEW = Limits(rules_max=5, rule_characters_max=20, query_characters_max=40)
ANN, BOB = NetworkUserId("1"), NetworkUserId("2")


def tags(count: int) -> list[Tag]:
    return [Tag(f"tag{number}") for number in range(count)]


def held(rules: list[Rule]) -> list[ExistingRule]:
    return [ExistingRule(rule_id=f"id-{rule.value}", value=rule.value, tag=rule.tag) for rule in rules]


def test_two_rules_stand_for_the_program_and_one_for_each_tag() -> None:
    wanted = rules_wanted([Tag("b"), Tag("a"), Tag("a")], program=PROGRAM, limits=SELF_SERVE)

    assert [rule.value for rule in wanted] == ["@AmexSync", "retweets_of:AmexSync", "#a", "#b"]


def test_more_tags_than_rules_are_packed_with_or_and_none_is_left_out() -> None:
    wanted = rules_wanted(tags(2_000), program=PROGRAM, limits=SELF_SERVE)
    joined = [rule.value for rule in wanted[2:]]

    assert len(wanted) < SELF_SERVE.rules_max
    assert all(len(value) <= SELF_SERVE.rule_characters_max for value in joined)
    assert {operator for value in joined for operator in value.split(" OR ")} == {f"#{tag}" for tag in tags(2_000)}


def test_one_new_tag_changes_one_packed_rule() -> None:
    before = rules_wanted(tags(2_000), program=PROGRAM, limits=SELF_SERVE)
    after = rules_wanted(tags(2_001), program=PROGRAM, limits=SELF_SERVE)

    changes = changes_to(held(before), after, limits=SELF_SERVE)

    assert (len(changes.add), len(changes.delete_ids)) == (1, 1)


def test_rules_in_step_need_no_change() -> None:
    wanted = rules_wanted(tags(3), program=PROGRAM, limits=SELF_SERVE)

    changes = changes_to(held(wanted), wanted, limits=SELF_SERVE)

    assert (changes.add, changes.delete_ids, changes.left_out) == ((), (), 0)


def test_an_ended_tag_is_deleted_and_another_programs_rule_is_left_alone() -> None:
    existing = [
        ExistingRule(rule_id="1", value="#old", tag="hashtill:tag:old"),
        ExistingRule(rule_id="2", value="cats", tag="theirs"),
    ]

    changes = changes_to(existing, [Rule(value="#new", tag="hashtill:tag:new")], limits=SELF_SERVE)

    assert (changes.delete_ids, [rule.value for rule in changes.add]) == (("1",), ["#new"])


def test_without_room_the_programs_own_rules_come_first_and_the_rest_is_counted() -> None:
    existing = [ExistingRule(rule_id="2", value="cats", tag="theirs"), ExistingRule(rule_id="3", value="x", tag="")]
    wanted = rules_wanted(tags(3), program=PROGRAM, limits=FEW)

    changes = changes_to(existing, wanted, limits=FEW)

    assert [rule.value for rule in changes.add] == ["@AmexSync", "retweets_of:AmexSync", "#tag0"]
    assert changes.left_out == 2


@given(operators=st.lists(st.text("abc#", min_size=1, max_size=12)), most=st.integers(12, 40))
def test_packing_keeps_every_operator_in_order_within_the_bound(operators: list[str], most: int) -> None:
    values = list(packed(operators, characters_max=most))

    assert [operator for value in values for operator in value.split(" OR ")] == operators
    assert all(len(value) <= most for value in values)


def test_a_gap_asks_for_tags_awaited_authors_and_reposts_of_prompts() -> None:
    prompts = [OpenPrompt(post_id=PostId("77"), author_id=ANN, posted_at=NOW)]

    asked = questions_for(
        NOW - timedelta(minutes=5),
        at=NOW,
        overlap=timedelta(minutes=1),
        tags=tags(2),
        prompts=prompts,
        posters=(ANN, NetworkUserId("2")),
        program=PROGRAM,
        limits=FEW,
    )

    assert " OR ".join(asked.queries) == "@AmexSync OR #tag0 OR #tag1 OR from:1 OR from:2"
    assert (asked.reposts_of, asked.since) == ((PostId("77"),), NOW - timedelta(minutes=6))


def test_a_gap_behind_many_prompts_asks_for_every_author_and_the_newest_reposts() -> None:
    count = REPOSTS_MAX + 1
    prompts = [OpenPrompt(post_id=PostId(str(n)), author_id=NetworkUserId(str(n)), posted_at=NOW) for n in range(count)]

    asked = questions_for(
        NOW, at=NOW, overlap=timedelta(), tags=(), prompts=prompts, posters=(), program=PROGRAM, limits=FEW
    )

    authors = {word for query in asked.queries for word in query.split(" OR ") if word.startswith("from:")}
    assert len(authors) == count
    assert asked.reposts_of == tuple(prompt.post_id for prompt in prompts[:REPOSTS_MAX])


def test_a_gap_beyond_the_search_asks_as_far_back_as_x_answers() -> None:
    asked = questions_for(
        NOW - timedelta(days=30),
        at=NOW,
        overlap=timedelta(),
        tags=(),
        prompts=(),
        posters=(),
        program=PROGRAM,
        limits=FEW,
    )

    assert asked.since == NOW - SEARCH_REACH


@pytest.mark.parametrize(("minutes_ago", "asked"), [(None, 0), (-1, 0), (0.1, 1), (2.5, 3), (60, BACKFILL_MINUTES_MAX)])
def test_backfill_covers_the_gap_as_far_as_x_replays(minutes_ago: float | None, asked: int) -> None:
    gap_from = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)

    assert backfill_minutes(gap_from, at=NOW) == asked


def existing(number: int, event_type: str, user: NetworkUserId) -> ExistingSubscription:
    return ExistingSubscription(
        subscription_id=str(number), subscription=Subscription(event_type=event_type, user_id=user)
    )


def test_every_account_gets_its_three_subscriptions_and_a_gone_one_loses_its_own() -> None:
    changes = subscription_changes([existing(1, "post.create", BOB)], [ANN], subscriptions_max=10)

    assert [each.event_type for each in changes.add] == ["post.create", "post.delete", "oauth.revoke"]
    assert changes.delete_ids == ("1",)


def test_a_doubled_subscription_loses_its_second_copy() -> None:
    twice = [existing(1, "post.create", ANN), existing(2, "post.create", ANN)]

    assert subscription_changes(twice, [ANN], subscriptions_max=10).delete_ids == ("2",)


def test_without_room_everybodys_posts_come_before_anybodys_deletes() -> None:
    changes = subscription_changes([], [BOB, ANN], subscriptions_max=3)

    assert [(each.event_type, each.user_id) for each in changes.add] == [
        ("post.create", ANN),
        ("post.create", BOB),
        ("post.delete", ANN),
    ]
    assert changes.left_out == 3
