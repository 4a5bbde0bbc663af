"""Operations: each is done once a key; the same key and contents get the first answer again, other contents a 409."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

import orjson

from sandbox.cardnet.bounded import Bounded
from sandbox.cardnet.card_ranges import Behaviour
from sandbox.cardnet.errors import ProblemError, internal_fault, invalid, key_reused, outcome_unknown
from sandbox.cardnet.faults import Faults
from sandbox.cardnet.issuer import Issuer
from sandbox.cardnet.requests import AnyRequest, Operation, read_request

KEY_MAX_CHARS = 255
ANSWERS_PER_AUTHORIZATION = 3  # token or authorization, capture, and now and then a void or refund
MISHAPS_MAX = 10_000  # first attempts of behaving cards still remembered
JSON_OPTIONS = orjson.OPT_UTC_Z


class Delivery(StrEnum):
    """How an answer reaches the caller."""

    PROMPT = "prompt"
    SLOW = "slow"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and JSON; the status query gives `operation` and `at` with it."""

    operation: Operation
    status: int
    body: bytes
    at: datetime
    contents_hash: bytes = b""
    replayed: bool = False
    delivery: Delivery = Delivery.PROMPT


_BEFORE = {
    Behaviour.TIMES_OUT_BEFORE_AUTHORIZATION: Delivery.WITHHELD,
    Behaviour.FAILS_ONCE: Delivery.PROMPT,
}
_AFTER = {
    (Operation.AUTHORIZATION, Behaviour.TIMES_OUT_AFTER_AUTHORIZATION): Delivery.WITHHELD,
    (Operation.CAPTURE, Behaviour.TIMES_OUT_AFTER_CAPTURE): Delivery.WITHHELD,
    (Operation.AUTHORIZATION, Behaviour.SLOW): Delivery.SLOW,
    (Operation.CAPTURE, Behaviour.SLOW): Delivery.SLOW,
}


class Operations:
    """Runs operations and keeps their answers by key; nothing here awaits, so parallel calls with one key queue up."""

    def __init__(self, *, issuer: Issuer, faults: Faults, answers_max: int) -> None:
        self._issuer = issuer
        self._faults = faults
        self._answers: Bounded[str, Answer] = Bounded(entries_max=answers_max)
        self._mishaps: Bounded[str, bool] = Bounded(entries_max=MISHAPS_MAX)

    def run(self, operation: Operation, *, key: str, contents: dict[str, object], at: datetime) -> Answer:
        """Give the key's first answer, or do the operation; a ProblemError raised here is not kept."""
        contents_hash = _hash(operation, contents)
        kept = self._answers.get(key)
        if kept is not None:
            return _replay(kept, contents_hash)
        request = read_request(operation, contents)
        behaviour = self._issuer.behaviour(request)
        mishap = self._first_mishap(operation, behaviour, key=key, at=at)
        if mishap is not None:
            return mishap
        status, body = self._perform(operation, request, at=at)
        answer = Answer(operation=operation, status=status, body=body, at=at, contents_hash=contents_hash)
        self._answers.put(key, answer)
        return self._deliver(answer, behaviour)

    def find(self, key: str) -> Answer | None:
        """Give what became of a key; None when it never arrived or nothing was done under it."""
        return self._answers.get(key)

    def _perform(self, operation: Operation, request: AnyRequest, *, at: datetime) -> tuple[int, bytes]:
        declined = self._faults.take_decline(operation)
        try:
            record = self._issuer.perform(request, forced_decline=declined, at=at)
        except ProblemError as problem:
            return problem.status, problem.body()
        written = memoryview(orjson.dumps(record, option=JSON_OPTIONS))
        return HTTPStatus.OK, bytes(written)  # a copy: orjson's own bytes keep the 8 kB they were written in

    def _first_mishap(
        self, operation: Operation, behaviour: Behaviour | None, *, key: str, at: datetime
    ) -> Answer | None:
        if behaviour not in _BEFORE or operation is not Operation.AUTHORIZATION or key in self._mishaps:
            return None
        self._mishaps.put(key, True)  # noqa: FBT003  a mapping used as a bounded set
        delivery = _BEFORE[behaviour]
        problem = internal_fault() if delivery is Delivery.PROMPT else outcome_unknown()
        return Answer(operation=operation, status=problem.status, body=problem.body(), at=at, delivery=delivery)

    @staticmethod
    def _deliver(answer: Answer, behaviour: Behaviour | None) -> Answer:
        delivery = _AFTER.get((answer.operation, behaviour)) if behaviour else None
        if delivery is None:
            return answer
        if delivery is Delivery.SLOW:
            return Answer(
                operation=answer.operation, status=answer.status, body=answer.body, at=answer.at, delivery=delivery
            )
        problem = outcome_unknown()
        return Answer(
            operation=answer.operation, status=problem.status, body=problem.body(), at=answer.at, delivery=delivery
        )


def check_key(key: str | None) -> str:
    """Read an idempotency key: 1 to 255 printable ASCII characters."""
    if not key:
        raise invalid(
            "idempotency_key_missing", "Send an idempotency key with every operation.", param="idempotency_key"
        )
    if len(key) > KEY_MAX_CHARS or not key.isascii() or not key.isprintable():
        raise invalid(
            "invalid_idempotency_key",
            f"An idempotency key has 1 to {KEY_MAX_CHARS} printable ASCII characters.",
            param="idempotency_key",
        )
    return key


def _replay(kept: Answer, contents_hash: bytes) -> Answer:
    if kept.contents_hash != contents_hash:
        raise key_reused()
    return Answer(operation=kept.operation, status=kept.status, body=kept.body, at=kept.at, replayed=True)


def _hash(operation: Operation, contents: dict[str, object]) -> bytes:
    try:
        canonical = orjson.dumps(contents, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise invalid("invalid_json", "The body is nested deeper than any operation's.") from None
    return hashlib.blake2b(canonical, digest_size=16, person=operation.encode()).digest()
