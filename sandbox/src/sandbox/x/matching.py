"""Matching: which posts an expression is true of; operators read the quoted post too, as X's do."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from sandbox.x.posts import Post, Posts
from sandbox.x.rules import And, Expression, Not, Operator, Or, Term, folded, words_in
from sandbox.x.users import Users

_FOLDED_MAX = 65_536
"""Handles and tags repeat; folding each again would be a tenth of a busy stream's time."""

_fold = lru_cache(maxsize=_FOLDED_MAX)(folded)


class Subject:
    """A post as the operators see it: the values each operator finds in it; its words are read when a rule has some."""

    def __init__(self, values: Mapping[Operator, set[str]], *, texts: Iterable[str]) -> None:
        self._values = values
        self._texts = texts

    def values(self, operator: Operator) -> set[str]:
        """Give what is true of the post under an operator."""
        return self._words if operator is Operator.WORD else self._values.get(operator, set())

    @cached_property
    def in_order(self) -> str:
        """Its words in order, a space around each."""
        return f" {' '.join(word for text in self._texts for word in words_in(text))} "

    @cached_property
    def _words(self) -> set[str]:
        return set(self.in_order.split())


def matches(expression: Expression, subject: Subject) -> bool:
    """Whether the expression is true of the post."""
    match expression:
        case Term(operator=Operator.PHRASE, value=value):
            return f" {value} " in subject.in_order
        case Term(operator=operator, value=value):
            return value in subject.values(operator)
        case Not(term=term):
            return not matches(term, subject)
        case And(parts=parts):
            return all(matches(part, subject) for part in parts)
        case Or(parts=parts):
            return any(matches(part, subject) for part in parts)


def subject_of(post: Post, *, posts: Posts, users: Users) -> Subject:
    """Read a post the way X does: a repost by its original's text, and any post by what it quotes as well."""
    original = posts.get(post.reposted_id) or post
    quoted = posts.get(original.quoted_id)
    read = (original,) if quoted is None else (original, quoted)
    values: dict[Operator, set[str]] = {
        Operator.HASHTAG: {_fold(tag.tag) for each in read for tag in each.entities.hashtags},
        Operator.MENTION: {_fold(mention.username) for each in read for mention in each.entities.mentions},
        Operator.FROM: _person(post.author_id, users=users),
        Operator.IS: set(_kinds(post)),
    }
    if post.in_reply_to_user_id is not None:
        values[Operator.TO] = _person(post.in_reply_to_user_id, users=users)
    if original is not post:
        values[Operator.RETWEETS_OF] = _person(original.author_id, users=users)
    return Subject(values, texts=[each.text for each in read])


def _kinds(post: Post) -> Iterator[str]:
    if post.reposted_id is not None:
        yield "retweet"
    if post.replied_to_id is not None:
        yield "reply"
    if post.quoted_id is not None:
        yield "quote"


def _person(user_id: int, *, users: Users) -> set[str]:
    user = users.get(user_id)
    return {str(user_id)} if user is None else {str(user_id), _fold(user.username)}
