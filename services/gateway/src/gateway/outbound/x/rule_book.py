"""The filtered stream's rules at X: list, add, delete, each with X's own bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.domain.rules import ExistingRule, Rule
from gateway.domain.shapes import objects_at, string_at
from gateway.outbound.x.api import XApi
from gateway.outbound.x.problems import name_of, problems_of

_PATH = "/2/tweets/search/stream/rules"

RULES_A_CALL = 100
"""Few enough that an answer with an error each stays small; X counts calls (100 in 15 minutes), not rules."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class XRuleBook:
    """Keeps rules at X."""

    api: XApi

    async def list_rules(self) -> list[ExistingRule]:
        """Give the rules X has; all come in one answer."""
        answer = await self.api.call("GET", _PATH)
        return [
            ExistingRule(rule_id=string_at(each, "id"), value=string_at(each, "value"), tag=string_at(each, "tag"))
            for each in objects_at(answer, "data")
        ]

    async def add_rules(self, rules: Sequence[Rule]) -> int:
        """Add rules, a hundred a call; gives how many X refused for another reason than having them."""
        refused = 0
        for chunk in _chunks(rules):
            body = {"add": [{"value": rule.value, "tag": rule.tag} for rule in chunk]}
            answer = await self.api.call("POST", _PATH, json=body)
            refused += sum(name_of(problem) != "duplicate-rules" for problem in problems_of(answer))
        return refused

    async def delete_rules(self, rule_ids: Sequence[str]) -> None:
        """Delete rules, a hundred a call; X reports those already gone beside the others."""
        for chunk in _chunks(rule_ids):
            await self.api.call("POST", _PATH, json={"delete": {"ids": list(chunk)}})


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + RULES_A_CALL] for start in range(0, len(items), RULES_A_CALL))
