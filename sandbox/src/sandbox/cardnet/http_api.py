"""The processor API under /v1: single and batch forms of every operation, status queries, ledger and balances."""

import asyncio
import hmac
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from sandbox.cardnet.errors import ProblemError, internal_fault, not_found, unauthenticated
from sandbox.cardnet.faults import FaultKind, Faults, FaultTarget
from sandbox.cardnet.fields import Fields
from sandbox.cardnet.http_exchange import Handler, json_answer, now, read_object, withhold
from sandbox.cardnet.http_forms import batch_result, joined, keyed_item, operation_record, single_response, whole_query
from sandbox.cardnet.issuer import Issuer
from sandbox.cardnet.ledger import PAGE_MAX
from sandbox.cardnet.operations import Answer, Delivery, Operations, check_key
from sandbox.cardnet.requests import Operation
from sandbox.cardnet.settings import Settings

BATCH_MAX = 200


class Api:
    """The handlers, and the delays and silences that faults put between an outcome and its answer."""

    def __init__(self, *, issuer: Issuer, operations: Operations, faults: Faults, settings: Settings) -> None:
        self._issuer = issuer
        self._operations = operations
        self._faults = faults
        self._settings = settings
        self._bearer = f"Bearer {settings.api_key.get_secret_value()}".encode()

    def routes(self) -> list[web.RouteDef]:
        """List the addresses of the API."""
        return [
            web.post("/v1/tokens", self._single(Operation.TOKEN)),
            web.post("/v1/authorizations", self._single(Operation.AUTHORIZATION)),
            web.post("/v1/authorizations/{authorization}/capture", self._single(Operation.CAPTURE)),
            web.post("/v1/authorizations/{authorization}/void", self._single(Operation.VOID)),
            web.post("/v1/captures/{capture}/refund", self._single(Operation.REFUND)),
            web.post("/v1/authorizations:batch", self._batch(Operation.AUTHORIZATION)),
            web.post("/v1/captures:batch", self._batch(Operation.CAPTURE)),
            web.post("/v1/voids:batch", self._batch(Operation.VOID)),
            web.post("/v1/refunds:batch", self._batch(Operation.REFUND)),
            web.get("/v1/authorizations/{authorization}", self._guarded(self._get_authorization)),
            web.get("/v1/captures/{capture}", self._guarded(self._get_capture)),
            web.get("/v1/operations", self._guarded(self._query)),
            web.post("/v1/operations:batch", self._guarded(self._query_batch)),
            web.get("/v1/ledger", self._guarded(self._ledger)),
            web.get("/v1/balances/{token}", self._guarded(self._balance)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            sent = request.headers.get("Authorization", "").encode(errors="surrogateescape")
            if not hmac.compare_digest(sent, self._bearer):
                raise unauthenticated()
            return await handler(request)

        return guarded

    def _single(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            key = check_key(request.headers.get("Idempotency-Key"))
            contents = joined(await read_object(request), dict(request.match_info))

            def work() -> list[Answer]:
                return [self._run(operation, key=key, contents=contents, at=now())]

            return await self._deliver(request, FaultTarget(operation), work, single_response, withholds=True)

        return self._guarded(handle)

    def _batch(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            items = Fields(await read_object(request), allowed=("items",)).listed("items", items_max=BATCH_MAX)
            keyed = [keyed_item(item) for item in items]

            def work() -> list[Answer]:
                at = now()
                return [self._item(operation, key, contents, at=at) for key, contents in keyed]

            def respond(answers: list[Answer]) -> web.Response:
                results = [batch_result(key, answer) for (key, _), answer in zip(keyed, answers, strict=True)]
                return json_answer({"results": results})

            return await self._deliver(request, FaultTarget(operation), work, respond, withholds=False)

        return self._guarded(handle)

    def _run(self, operation: Operation, *, key: str, contents: dict[str, object], at: datetime) -> Answer:
        self._issuer.book.lapse_due(at=at)
        return self._operations.run(operation, key=key, contents=contents, at=at)

    def _item(self, operation: Operation, key: str, contents: dict[str, object], *, at: datetime) -> Answer:
        try:
            return self._run(operation, key=check_key(key), contents=contents, at=at)
        except ProblemError as problem:
            return Answer(operation=operation, status=problem.status, body=problem.body(), at=at)

    async def _deliver(
        self,
        request: web.Request,
        target: FaultTarget,
        work: Callable[[], list[Answer]],
        respond: Callable[[list[Answer]], web.Response],
        *,
        withholds: bool,
    ) -> web.Response:
        faults = self._faults.take_call(target)
        if faults.kind is FaultKind.TIMEOUT_BEFORE:
            return await withhold(request, seconds=self._settings.withheld_seconds)
        if faults.kind is FaultKind.ERROR:
            raise internal_fault()
        answers = work()
        deliveries = {answer.delivery for answer in answers}
        if faults.kind is FaultKind.TIMEOUT_AFTER or (withholds and Delivery.WITHHELD in deliveries):
            return await withhold(request, seconds=self._settings.withheld_seconds)
        delay = faults.delay_seconds + (self._settings.slow_seconds if Delivery.SLOW in deliveries else 0)
        if delay:
            await asyncio.sleep(delay)
        return respond(answers)

    async def _get_authorization(self, request: web.Request) -> web.Response:
        self._issuer.book.lapse_due(at=now())
        return json_answer(self._issuer.book.find_authorization(request.match_info["authorization"]))

    async def _get_capture(self, request: web.Request) -> web.Response:
        return json_answer(self._issuer.book.find_capture(request.match_info["capture"]))

    async def _query(self, request: web.Request) -> web.Response:
        key = check_key(request.query.get("idempotency_key"))

        def respond(answers: list[Answer]) -> web.Response:
            if not answers:
                raise not_found("operation_unknown", "Nothing was done under this key.", param="idempotency_key")
            return json_answer(operation_record(key, answers[0]))

        return await self._deliver(request, FaultTarget.QUERY, lambda: self._found(key), respond, withholds=False)

    async def _query_batch(self, request: web.Request) -> web.Response:
        fields = Fields(await read_object(request), allowed=("idempotency_keys",))
        keys = [
            check_key(key if isinstance(key, str) else None)
            for key in fields.listed("idempotency_keys", items_max=BATCH_MAX)
        ]

        def respond(_: list[Answer]) -> web.Response:
            return json_answer({"operations": [operation_record(key, self._operations.find(key)) for key in keys]})

        return await self._deliver(request, FaultTarget.QUERY, list, respond, withholds=False)

    def _found(self, key: str) -> list[Answer]:
        answer = self._operations.find(key)
        return [answer] if answer else []

    async def _ledger(self, request: web.Request) -> web.Response:
        after = whole_query(request, "after", default=0, most=2**53)
        limit = whole_query(request, "limit", default=PAGE_MAX, most=PAGE_MAX)
        ledger = self._issuer.book.ledger
        self._issuer.book.lapse_due(at=now())
        movements = ledger.page(after=after, limit=limit)
        last = movements[-1].sequence if movements else after
        return json_answer({"movements": movements, "last": last, "has_more": last < ledger.last_sequence})

    async def _balance(self, request: web.Request) -> web.Response:
        self._issuer.book.lapse_due(at=now())
        card = self._issuer.card(request.match_info["token"])
        account = self._issuer.account_reference(card)
        balances = self._issuer.book.ledger.balances(account)
        return json_answer({"account_reference": account, "last4": card.last4, "balances": balances})
