"""The filtered stream's rules are kept in step with the known tags; asking again changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.domain.post import ProgramAccount
from gateway.domain.rules import Limits, changes_to, rules_wanted
from gateway.usecases.network import RuleBook
from kernel.tags import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesKept:
    """What was changed; `refused` and `left_out` count wanted rules that do not stand."""

    added: int
    deleted: int
    refused: int
    left_out: int


async def keep_rules(
    known_tags: Iterable[Tag], *, program: ProgramAccount, limits: Limits, book: RuleBook
) -> RulesKept:
    """Add what is missing, then delete what is not wanted (before, if X has no room). Raises NetworkFailedError."""
    existing = await book.list_rules()
    changes = changes_to(existing, rules_wanted(known_tags, program=program, limits=limits), limits=limits)
    crowded = len(existing) + len(changes.add) > limits.rules_max
    if crowded and changes.delete_ids:
        await book.delete_rules(changes.delete_ids)
    refused = await book.add_rules(changes.add) if changes.add else 0
    if changes.delete_ids and not crowded:
        await book.delete_rules(changes.delete_ids)
    return RulesKept(
        added=len(changes.add) - refused, deleted=len(changes.delete_ids), refused=refused, left_out=changes.left_out
    )
