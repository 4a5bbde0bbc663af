"""Rules: the filtered stream's rules we want for the known tags, and the difference to those X has."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from gateway.domain.post import ProgramAccount
from kernel.tags import Tag

OURS = "hashtill:"
"""The tag of every rule we made starts so; rules of others on the same app are left alone."""

_BUCKETS = 256
"""Packed tags go by hash into buckets, so that one new tag changes one rule and not all behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one tier of X allows: rules, characters of a rule, and characters of a search query."""

    rules_max: int
    rule_characters_max: int
    query_characters_max: int


SELF_SERVE = Limits(rules_max=1_000, rule_characters_max=1_024, query_characters_max=512)
ENTERPRISE = Limits(rules_max=25_000, rule_characters_max=2_048, query_characters_max=1_024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it matches, and the label X sends back with it."""

    value: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRule:
    """One rule X has, with X's id for it."""

    rule_id: str
    value: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChanges:
    """What to add and which ids to delete; `left_out` counts wanted rules for which X has no room."""

    add: tuple[Rule, ...]
    delete_ids: tuple[str, ...]
    left_out: int


def rules_wanted(tags: Iterable[Tag], *, program: ProgramAccount, limits: Limits) -> list[Rule]:
    """Make the rules for these tags: the program's two, then one a tag while that fits, else tags packed with OR."""
    fixed = [
        Rule(value=f"@{program.handle}", tag=f"{OURS}mentions"),
        Rule(value=f"retweets_of:{program.handle}", tag=f"{OURS}reposts"),
    ]
    ordered = sorted(set(tags))
    if len(fixed) + len(ordered) <= limits.rules_max:
        return fixed + [Rule(value=f"#{tag}", tag=f"{OURS}tag:{tag}") for tag in ordered]
    return fixed + list(_packed_by_bucket(ordered, limits=limits))


def changes_to(existing: Iterable[ExistingRule], wanted: Iterable[Rule], *, limits: Limits) -> RuleChanges:
    """Find the difference: rules compare by value; only ours are deleted; the program's own come before tags."""
    held = {rule.value: rule for rule in existing}
    wished = {rule.value: rule for rule in wanted}
    delete = tuple(rule.rule_id for rule in held.values() if rule.value not in wished and rule.tag.startswith(OURS))
    missing = [rule for rule in wished.values() if rule.value not in held]
    room = max(0, limits.rules_max - len(held) + len(delete))
    return RuleChanges(add=tuple(missing[:room]), delete_ids=delete, left_out=max(0, len(missing) - room))


def packed(operators: Iterable[str], *, characters_max: int) -> Iterator[str]:
    """Join operators with OR into as few values of at most `characters_max` as their order allows."""
    value = ""
    for operator in operators:
        longer = f"{value} OR {operator}" if value else operator
        if value and len(longer) > characters_max:
            yield value
            longer = operator
        value = longer
    if value:
        yield value


def _packed_by_bucket(tags: list[Tag], *, limits: Limits) -> Iterator[Rule]:
    buckets: dict[int, list[str]] = {}
    for tag in tags:
        buckets.setdefault(_bucket_of(tag), []).append(f"#{tag}")
    for number, operators in sorted(buckets.items()):
        for part, value in enumerate(packed(operators, characters_max=limits.rule_characters_max)):
            yield Rule(value=value, tag=f"{OURS}tags:{number}.{part}")


def _bucket_of(tag: Tag) -> int:
    return blake2b(tag.encode(), digest_size=1).digest()[0] % _BUCKETS
