"""The first processor adapter: HTTP and JSON, batch calls under idempotency keys, questions by key."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
import structlog
from aiohttp import ClientSession, ClientTimeout

from chassis.telemetry import batch_span
from kernel.refusals import Refusal
from kernel.secret import Secret
from payments.domain.card import TokenizedCard
from payments.domain.card_entry import CardEntry
from payments.domain.instruction import Instruction
from payments.domain.operation import OperationKind
from payments.domain.outcome import Outcome, Unknown
from payments.domain.reconciling import Movement
from payments.outbound.processor_words import (
    PATHS,
    card_refusal,
    item_of,
    movement_of,
    outcome_of,
    processor_away,
    token_request,
    tokenized_of,
)

CALL_SECONDS = 1.5
"""A batch call of ours answers within 2 s; what the processor has not said by then is asked for by key."""

TOKENIZE_SECONDS = 8.0
"""A person waits in front of the card page; longer than any card check takes."""

LEDGER_PAGES_MAX = 1_000
"""A million movements: more is not reconciled in memory."""

_GARBLED = (ValueError, KeyError, TypeError, AttributeError)
"""What reading an answer of another shape raises."""

_AWAY = (aiohttp.ClientError, TimeoutError, OSError, *_GARBLED)
"""What a lost, late or garbled answer raises."""


class HttpProcessor:
    """Speaks to the processor over one kept session of connections; trouble on the way is an Unknown."""

    def __init__(
        self, session: ClientSession, *, url: str, key: Secret[str], call_seconds: float = CALL_SECONDS
    ) -> None:
        self._session, self._url, self._key, self._call_seconds = session, url.rstrip("/"), key, call_seconds

    async def tokenize(self, entry: CardEntry, *, key: str) -> TokenizedCard | Refusal:
        """Exchange a card for the processor's token; a refusal's fact `field` names the field to correct."""
        body = token_request(entry)
        try:
            status, answer = await self._post("/v1/tokens", body, seconds=TOKENIZE_SECONDS, key=key)
            if status == HTTPStatus.OK:
                return tokenized_of(answer)
            if status == HTTPStatus.PAYMENT_REQUIRED:
                return card_refusal(answer)
        except _AWAY as error:
            _warn("tokenize", error)
            return processor_away()
        structlog.get_logger().error("processor_refused_a_token_request", status=status)
        return processor_away()

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Carry out at most 200, of any kinds: one batch call a kind, side by side."""
        by_kind: dict[OperationKind, list[Instruction]] = {}
        for instruction in instructions:
            by_kind.setdefault(instruction.kind, []).append(instruction)
        calls = [self._send_kind(kind, items) for kind, items in by_kind.items()]
        outcomes = {key: outcome for found in await asyncio.gather(*calls) for key, outcome in found.items()}
        return [outcomes[instruction.key] for instruction in instructions]

    async def ask(self, keys: Sequence[str]) -> Sequence[Outcome | None]:
        """Tell what became of at most 200 keys; None when nothing was done under a key."""
        try:
            status, answer = await self._post("/v1/operations:batch", {"idempotency_keys": list(keys)})
            if status != HTTPStatus.OK:
                return [Unknown(why=f"http_{status}") for _ in keys]
            found = {operation["idempotency_key"]: _known(operation) for operation in answer["operations"]}
            return [found.get(key, Unknown(why="no_result")) for key in keys]
        except _AWAY as error:
            _warn("ask", error)
            return [Unknown(why="no_answer") for _ in keys]

    async def movements(self) -> Sequence[Movement]:
        """Read the processor's whole ledger; raises ConnectionError when it is away or cannot be understood."""
        movements: list[Movement] = []
        after = 0
        for _ in range(LEDGER_PAGES_MAX):
            try:
                page = await self._get(f"/v1/ledger?after={after}")
                movements += [movement_of(row) for row in page["movements"]]
                after, more = page["last"], page["has_more"]
            except _AWAY as error:
                raise ConnectionError(f"The processor's ledger cannot be read ({type(error).__name__}).") from error
            if not more:
                return movements
        raise ConnectionError(f"The processor's ledger has more than {LEDGER_PAGES_MAX} pages.")

    async def _send_kind(self, kind: OperationKind, instructions: Sequence[Instruction]) -> dict[str, Outcome]:
        name = f"payments.processor_{kind.lower()}"
        with batch_span(name, (each.cause for each in instructions), batch_size=len(instructions)):
            try:
                status, answer = await self._post(PATHS[kind], {"items": [item_of(each) for each in instructions]})
                if status == HTTPStatus.OK:
                    return _outcomes(instructions, answer)
                why = f"http_{status}"
            except _AWAY as error:
                why = "no_answer"
                _warn(kind, error)
        return {each.key: Unknown(why=why) for each in instructions}

    async def _post(
        self, path: str, body: dict[str, Any], *, seconds: float = 0, key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        headers = self._headers() | ({"Idempotency-Key": key} if key else {})
        timeout = ClientTimeout(total=seconds or self._call_seconds)
        data = orjson.dumps(body)
        async with self._session.post(self._url + path, data=data, headers=headers, timeout=timeout) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def _get(self, path: str) -> dict[str, Any]:
        timeout = ClientTimeout(total=TOKENIZE_SECONDS)
        async with self._session.get(self._url + path, headers=self._headers(), timeout=timeout) as answer:
            answer.raise_for_status()
            page: dict[str, Any] = orjson.loads(await answer.read())
            return page

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key.reveal()}", "Content-Type": "application/json"}


def _outcomes(instructions: Sequence[Instruction], answer: dict[str, Any]) -> dict[str, Outcome]:
    found = {result["idempotency_key"]: _outcome(result) for result in answer["results"]}
    return {each.key: found.get(each.key, Unknown(why="no_result")) for each in instructions}


def _known(operation: dict[str, Any]) -> Outcome | None:
    return None if operation.get("state") == "unknown" else _outcome(operation)


def _outcome(result: dict[str, Any]) -> Outcome:
    """Read one of a batch; a garbled one leaves its own operation open, and its mates alone."""
    try:
        return outcome_of(result["status"], result["body"])
    except _GARBLED as error:
        _warn("result", error)
        return Unknown(why="garbled")


def _warn(call: str, error: Exception) -> None:
    structlog.get_logger().warning("processor_did_not_answer", call=call, cause=type(error).__name__)
