"""The rule book of filtered stream: rules added and deleted under X's caps, and the quick way to those that match."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.x.matching import Subject, matches
from sandbox.x.problems import Problem
from sandbox.x.rules import Expression, Operator, RuleError, anchors_of, parse_rule
from sandbox.x.settings import Tier
from sandbox.x.snowflake_ids import SnowflakeIds, number_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How many rules an app may hold and how long each may be."""

    rules_max: int
    characters_max: int


CAPS = {
    Tier.SELF_SERVE: Caps(rules_max=1_000, characters_max=1_024),
    Tier.ENTERPRISE: Caps(rules_max=25_000, characters_max=2_048),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as its author wrote it, and as it was read."""

    id: int
    value: str
    tag: str | None
    expression: Expression

    def as_json(self) -> dict[str, str]:
        """Write it as X does."""
        named = {} if self.tag is None else {"tag": self.tag}
        return {"id": str(self.id), "value": self.value, **named}


class RuleBook:
    """All rules, indexed by the terms a match must carry, so that many rules cost no more than few."""

    def __init__(self, *, caps: Caps, ids: SnowflakeIds) -> None:
        self._caps = caps
        self._ids = ids
        self._by_id: dict[int, Rule] = {}
        self._by_value: dict[str, Rule] = {}
        self._by_anchor: dict[Operator, dict[str, dict[int, Rule]]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def rules(self) -> Sequence[Rule]:
        """Give all rules in the order they were added."""
        return list(self._by_id.values())

    def matching(self, subject: Subject) -> list[Rule]:
        """Find the rules that are true of a post."""
        candidates: dict[int, Rule] = {}
        for operator, anchored in self._by_anchor.items():
            for value in anchored.keys() & subject.values(operator):
                candidates.update(anchored[value])
        return [rule for rule in candidates.values() if matches(rule.expression, subject)]

    def add(self, value: str, tag: str | None, *, dry_run: bool) -> Rule | Problem:
        """Take a rule in, or say why not; a dry run only looks."""
        if (known := self._by_value.get(value)) is not None:
            return _duplicate(known)
        if len(self._by_id) >= self._caps.rules_max:
            return _too_many(value, self._caps)
        try:
            rule = Rule(id=self._ids.next(), value=value, tag=tag, expression=self._read(value))
        except RuleError as error:
            return _invalid(value, str(error))
        if not dry_run:
            self._insert(rule)
        return rule

    def delete(self, rule: Rule) -> None:
        """Drop a rule."""
        del self._by_id[rule.id], self._by_value[rule.value]
        for anchor in anchors_of(rule.expression) or ():
            anchored = self._by_anchor[anchor.operator]
            del anchored[anchor.value][rule.id]
            if not anchored[anchor.value]:
                del anchored[anchor.value]

    def with_id(self, rule_id: str) -> Rule | None:
        """Find by id."""
        number = number_in(rule_id)
        return None if number is None else self._by_id.get(number)

    def with_value(self, value: str) -> Rule | None:
        """Find by its exact text."""
        return self._by_value.get(value)

    def _read(self, value: str) -> Expression:
        if len(value) > self._caps.characters_max:
            raise RuleError(f"a rule may have {self._caps.characters_max} characters, this one has {len(value)}")
        return parse_rule(value)

    def _insert(self, rule: Rule) -> None:
        self._by_id[rule.id] = rule
        self._by_value[rule.value] = rule
        for anchor in anchors_of(rule.expression) or ():
            anchored = self._by_anchor.setdefault(anchor.operator, {})
            anchored.setdefault(anchor.value, {})[rule.id] = rule


def _duplicate(rule: Rule) -> Problem:
    detail = "A rule with this value exists already."
    facts = {"id": str(rule.id), "value": rule.value}
    return Problem(status=400, title="DuplicateRule", detail=detail, kind="duplicate-rules", facts=facts)


def _invalid(value: str, why: str) -> Problem:
    facts = {"value": value, "details": [why]}
    return Problem(status=400, title="UnprocessableEntity", detail=why, kind="invalid-rules", facts=facts)


def _too_many(value: str, caps: Caps) -> Problem:
    detail = f"Your client application may hold {caps.rules_max} rules."
    return Problem(status=422, title="RulesCapExceeded", detail=detail, kind="rule-cap", facts={"value": value})
