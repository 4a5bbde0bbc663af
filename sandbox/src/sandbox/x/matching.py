"""Matching: which posts an expression is true of; operators read the quoted post too, as X's do."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sandbox.x.posts import Post, Posts
from sandbox.x.rules import And, Expression, Not, Operator, Or, Term, folded, words_in
from sandbox.x.users import Users

_FOLDED_MAX = 65_536
"""Handles and tags repeat; folding each again would be a tenth of a busy stream's time."""

_fold = lru_cache(maxsize=_FOLDED_MAX)(folded)


@dataclass(frozen=True, slots=True)
class Subject:
    """A post as the operators see it: every term that is true of it, and its words in order."""

    terms: frozenset[Term]
    words: str


def matches(expression: Expression, subject: Subject) -> bool:
    """Whether the expression is true of the post."""
    match expression:
        case Term(operator=Operator.PHRASE, value=value):
            return f" {value} " in subject.words
        case Term():
            return expression in subject.terms
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
    words = [*words_in(original.text), *(words_in(quoted.text) if quoted else ())]
    terms = {Term(Operator.WORD, word) for word in words}
    terms.update(_entity_terms(original))
    if quoted:
        terms.update(_entity_terms(quoted))
    terms.update(_kinds(post))
    terms.update(_people(post, original=original, users=users))
    return Subject(terms=frozenset(terms), words=f" {' '.join(words)} ")


def _entity_terms(post: Post) -> Iterator[Term]:
    for tag in post.entities.hashtags:
        yield Term(Operator.HASHTAG, _fold(tag.tag))
    for mention in post.entities.mentions:
        yield Term(Operator.MENTION, _fold(mention.username))


def _kinds(post: Post) -> Iterator[Term]:
    if post.reposted_id is not None:
        yield Term(Operator.IS, "retweet")
    if post.replied_to_id is not None:
        yield Term(Operator.IS, "reply")
    if post.quoted_id is not None:
        yield Term(Operator.IS, "quote")


def _people(post: Post, *, original: Post, users: Users) -> Iterator[Term]:
    yield from _person(Operator.FROM, post.author_id, users=users)
    if post.in_reply_to_user_id is not None:
        yield from _person(Operator.TO, post.in_reply_to_user_id, users=users)
    if original is not post:
        yield from _person(Operator.RETWEETS_OF, original.author_id, users=users)


def _person(operator: Operator, user_id: int, *, users: Users) -> Iterator[Term]:
    yield Term(operator, str(user_id))
    if user := users.get(user_id):
        yield Term(operator, _fold(user.username))
