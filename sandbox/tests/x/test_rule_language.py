"""The rule language: what each operator is true of, and which rules are refused."""

import pytest

from sandbox.x.drafts import Draft
from sandbox.x.matching import matches, subject_of
from sandbox.x.posts import Post
from sandbox.x.rules import RuleError, parse_rule
from sandbox.x.settings import Settings
from sandbox.x.world import World

NOW = 1_900_000_000.0


@pytest.fixture
def world() -> World:
    return World(Settings(), clock=lambda: NOW)


def _said(
    world: World, text: str, *, by: str = "mia_k", replied_to_id: int | None = None, quoted_id: int | None = None
) -> Post:
    author = world.users.named(by)
    assert author is not None
    return world.publish(author, Draft(text=text, replied_to_id=replied_to_id, quoted_id=quoted_id))


def _matches(world: World, rule: str, post: Post) -> bool:
    return matches(parse_rule(rule), subject_of(post, posts=world.posts, users=world.users))


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("kindle", "I want a Kindle!", True),
        ("kindle", "kindlefire", False),
        ('"fire hd"', "the Kindle Fire HD is out", True),
        ('"fire hd"', "hd fire", False),
        ("#BuyKindle", "please #buykindle", True),
        ("#BuyKindle", "please #BuyKindleFire", False),
        ("#BuyKindle", "please BuyKindle", False),
        ("@AmexSync", "hello @amexsync", True),
        ("@AmexSync", "hello amexsync", False),
        ("from:mia_k", "anything", True),
        ("from:1000000101", "anything", True),
        ("from:jonas_b", "anything", False),
        ("a b", "b and a", True),
        ("a b", "a only", False),
        ("a OR b", "only b", True),
        ("a b OR c", "only c", True),
        ("a (b OR c)", "c a", True),
        ("a (b OR c)", "c", False),
        ("a -b", "a", True),
        ("a -b", "a b", False),
        ('a -"b c"', "a b c", False),
        ("#a -from:mia_k", "#a", False),
        ("#a -is:retweet", "#a", True),
    ],
)
def test_a_rule_is_true_of_a_text(world: World, rule: str, text: str, *, expected: bool) -> None:
    assert _matches(world, rule, _said(world, text)) is expected


def test_replies_are_known_by_whom_they_answer(world: World) -> None:
    asked = _said(world, "first", by="AmexSync")
    reply = _said(world, "second", replied_to_id=asked.id)

    assert _matches(world, "to:AmexSync", reply)
    assert _matches(world, "from:mia_k is:reply", reply)
    assert _matches(world, "@AmexSync", reply), "X puts the handle of the one replied to before the text"
    assert not _matches(world, "to:mia_k", reply)
    assert not _matches(world, "from:AmexSync is:reply", asked)


def test_a_repost_is_known_by_whose_post_it_repeats(world: World) -> None:
    prompt = _said(world, "confirm #OKB7KQ2MVX", by="AmexSync")
    reposter = world.users.named("jonas_b")
    assert reposter is not None

    repost = world.repost(reposter, prompt.id)

    assert _matches(world, "retweets_of:AmexSync", repost)
    assert _matches(world, "#OKB7KQ2MVX is:retweet", repost)
    assert not _matches(world, "#OKB7KQ2MVX -is:retweet", repost)
    assert not _matches(world, "@AmexSync", repost), "RT @name is no mention"
    assert not _matches(world, "from:AmexSync", repost)


def test_operators_read_the_quoted_post_too(world: World) -> None:
    quoted = _said(world, "order with #BuyKindle", by="AmexSync")

    quote = _said(world, "who would?", quoted_id=quoted.id)

    assert _matches(world, "#BuyKindle", quote)
    assert _matches(world, "#BuyKindle is:quote", quote)
    assert quote.entities.hashtags == ()


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "(",
        "a (b",
        "a)",
        "OR a",
        "a OR",
        "-(a b)",
        "is:retweet",
        "-a",
        "a OR -b",
        "has:cake",
        "from:",
        '"open',
        "()",
    ],
)
def test_a_rule_without_sense_is_refused_with_a_sentence(rule: str) -> None:
    with pytest.raises(RuleError, match=r"\w+ \w+"):
        parse_rule(rule)


def test_parentheses_have_a_bound() -> None:
    with pytest.raises(RuleError, match="parentheses"):
        parse_rule("(" * 60 + "a" + ")" * 60)
