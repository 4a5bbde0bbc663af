"""The rule language of filtered stream and search: text in, a small tree out, or a sentence that says what is wrong."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sandbox.x.hashtags import hashtags_in

DEPTH_MAX = 50
"""Parentheses deeper than this are refused, so that a rule cannot exhaust the stack."""


class Operator(StrEnum):
    """What a term looks at."""

    WORD = "word"
    PHRASE = "phrase"
    HASHTAG = "#"
    MENTION = "@"
    FROM = "from"
    TO = "to"
    RETWEETS_OF = "retweets_of"
    IS = "is"


@dataclass(frozen=True, slots=True)
class Term:
    """One operator and its value, folded for comparison."""

    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    """Matches what the term does not."""

    term: Term


@dataclass(frozen=True, slots=True)
class And:
    """Matches what every part matches."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Matches what any part matches."""

    parts: tuple["Expression", ...]


Expression = Term | Not | And | Or


class RuleError(ValueError):
    """The rule cannot be read; the message is for its author."""


def parse_rule(text: str) -> Expression:
    """Read a rule; AND binds tighter than OR, as X documents."""
    if unread := _TOKEN.sub("", text).strip():
        raise RuleError(f"cannot read {unread[0]!r} in {text!r}: quote a phrase and close every quote")
    reader = _Reader([match.group() for match in _TOKEN.finditer(text)])
    expression = reader.alternatives(depth=0)
    if not reader.at_end():
        raise RuleError(f"a ')' was never opened in {text!r}")
    if anchors_of(expression) is None:
        raise RuleError(
            "every alternative of a rule needs a standalone operator: is: and negations need one beside them"
        )
    return expression


def anchors_of(expression: Expression) -> frozenset[Term] | None:
    """Give terms of which a match must carry at least one; None if some match carries none (X refuses such rules)."""
    match expression:
        case Term(operator=Operator.IS) | Not():
            return None
        case Term(operator=Operator.PHRASE, value=value):
            return frozenset({Term(Operator.WORD, value.split()[0])})
        case Term():
            return frozenset({expression})
        case And(parts=parts):
            known = [anchors for part in parts if (anchors := anchors_of(part)) is not None]
            return min(known, key=len, default=None)
        case Or(parts=parts):
            each = [anchors_of(part) for part in parts]
            known = [anchors for anchors in each if anchors is not None]
            return frozenset[Term]().union(*known) if len(known) == len(each) else None


def folded(text: str) -> str:
    """Fold for comparison: NFC, then casefold."""
    return unicodedata.normalize("NFC", text).casefold()


def words_in(text: str) -> list[str]:
    """Split a text into the tokens a keyword is compared with; punctuation parts them."""
    return _WORDS.findall(folded(text))


_WORDS = re.compile(r"\w+")
_TOKEN = re.compile(r'-?"[^"]*"|-?\(|\)|[^\s()"]+')
_SIGNS = {"#": Operator.HASHTAG, "\uff03": Operator.HASHTAG, "@": Operator.MENTION}
_BY_USER = {"from": Operator.FROM, "to": Operator.TO, "retweets_of": Operator.RETWEETS_OF}
_PERSON = re.compile(r"[A-Za-z0-9_]{1,19}")
"""A handle or an id."""

_KINDS = {"retweet", "reply", "quote"}


class _Reader:
    """Walks the tokens of one rule."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def alternatives(self, *, depth: int) -> Expression:
        parts = [self._conjunction(depth=depth)]
        while self._next_is("OR"):
            self._at += 1
            parts.append(self._conjunction(depth=depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, *, depth: int) -> Expression:
        parts: list[Expression] = []
        while not self.at_end() and not self._next_is("OR") and not self._next_is(")"):
            parts.append(self._single(depth=depth))
        if not parts:
            raise RuleError("something is missing: an operator stands at each side of OR and inside parentheses")
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _single(self, *, depth: int) -> Expression:
        written = self._tokens[self._at]
        self._at += 1
        if written == "-(":
            raise RuleError("'-' cannot stand before a group: negate each operator in it")
        if written == "(":
            return self._group(depth=depth + 1)
        return Not(_term(written[1:])) if written.startswith("-") else _term(written)

    def _group(self, *, depth: int) -> Expression:
        if depth > DEPTH_MAX:
            raise RuleError(f"more than {DEPTH_MAX} parentheses inside each other")
        inside = self.alternatives(depth=depth)
        if not self._next_is(")"):
            raise RuleError("a '(' is never closed")
        self._at += 1
        return inside

    def _next_is(self, token: str) -> bool:
        return not self.at_end() and self._tokens[self._at] == token


def _term(token: str) -> Term:
    if token.startswith('"'):
        return _words_term(token)
    if token[:1] in _SIGNS and len(token) > 1:
        return _sign_term(_SIGNS[token[0]], token)
    name, colon, value = token.partition(":")
    return _operator_term(name, value) if colon else _words_term(token)


def _sign_term(operator: Operator, token: str) -> Term:
    name = token[1:]
    exists = _PERSON.fullmatch(name) if operator is Operator.MENTION else [t.tag for t in hashtags_in(token)] == [name]
    if not exists:
        raise RuleError(f"no post can hold {token}: it is no handle and no hashtag")
    return Term(operator, folded(name))


def _operator_term(name: str, value: str) -> Term:
    person = value.removeprefix("@")
    if name in _BY_USER and _PERSON.fullmatch(person):
        return Term(_BY_USER[name], folded(person))
    if name == "is" and value in _KINDS:
        return Term(Operator.IS, value)
    raise RuleError(f"there is no operator {name}:{value}")


def _words_term(token: str) -> Term:
    words = words_in(token)
    if not words:
        raise RuleError(f"{token!r} holds nothing to look for")
    return Term(Operator.WORD, words[0]) if len(words) == 1 else Term(Operator.PHRASE, " ".join(words))
