"""X's queries, as rules and searches ask them: operators joined by OR, read once and held against many posts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from tests.simulation.x_posts import PROGRAM_HANDLE, XPost, is_by_program

_AUTHOR, _MENTION, _REPOSTS = "from:", f"@{PROGRAM_HANDLE}", f"retweets_of:{PROGRAM_HANDLE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for: any of these finds a post."""

    tags: frozenset[str]
    """Folded, without the sign."""
    author_ids: frozenset[str]
    mentions: bool
    """Posts that mention the program, and replies to it."""
    reposts: bool
    """Reposts of what the program posted."""

    @classmethod
    def of(cls, values: Iterable[str]) -> Self:
        """Read the values of rules, or a search."""
        operators = {operator for value in values for operator in value.split(" OR ")}
        authors = {operator for operator in operators if operator.startswith(_AUTHOR)}
        return cls(
            tags=frozenset(each.removeprefix("#").casefold() for each in operators - authors - {_MENTION, _REPOSTS}),
            author_ids=frozenset(each.removeprefix(_AUTHOR) for each in authors),
            mentions=_MENTION in operators,
            reposts=_REPOSTS in operators,
        )

    def finds(self, post: XPost) -> bool:
        """Tell whether it finds a post."""
        return (
            not self.tags.isdisjoint(post.folded_tags)
            or post.author.user_id in self.author_ids
            or (self.mentions and (post.mentions_program or (post.kind == "reply" and is_by_program(post.target))))
            or (self.reposts and post.kind == "repost" and is_by_program(post.target))
        )
