"""The shapes of the API's JSON: batch items and results, operations by key, and query values."""

import orjson
from aiohttp import web

from sandbox.cardnet.errors import invalid
from sandbox.cardnet.http_exchange import json_bytes
from sandbox.cardnet.operations import Answer

DIGITS_MAX = 18  # of a number in a query; more is none of ours


def joined(body: dict[str, object], from_path: dict[str, str]) -> dict[str, object]:
    """Join body and path; what stands in the path may not stand in the body."""
    for name in from_path:
        if name in body:
            raise invalid("unknown_field", f"`{name}` stands in the address, not in the body.", param=name)
    return {**body, **from_path}


def keyed_item(item: object) -> tuple[str, dict[str, object]]:
    """Split a batch item into its idempotency key and its contents."""
    if not isinstance(item, dict):
        raise invalid("invalid_type", "Each of `items` must be a JSON object.", param="items")
    key = item.get("idempotency_key")
    contents = {name: value for name, value in item.items() if name != "idempotency_key"}
    return key if isinstance(key, str) else "", contents


def single_response(answers: list[Answer]) -> web.Response:
    """Answer a single operation; a replay says so in a header."""
    response = json_bytes(answers[0].body, status=answers[0].status)
    if answers[0].replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def batch_result(key: str, answer: Answer) -> dict[str, object]:
    """Write one item's result."""
    return {
        "idempotency_key": key,
        "status": answer.status,
        "replayed": answer.replayed,
        "body": orjson.Fragment(answer.body),
    }


def operation_record(key: str, answer: Answer | None) -> dict[str, object]:
    """Write what became of a key."""
    if answer is None:
        return {"idempotency_key": key, "state": "unknown"}
    return {
        "idempotency_key": key,
        "state": "known",
        "operation": answer.operation,
        "at": answer.at,
        "status": answer.status,
        "body": orjson.Fragment(answer.body),
    }


def whole_query(request: web.Request, name: str, *, default: int, most: int) -> int:
    """Read a whole number from the query."""
    text = request.query.get(name, str(default))
    if len(text) > DIGITS_MAX or not text.isascii() or not text.isdigit() or int(text) > most:
        raise invalid("out_of_range", f"`{name}` must be an integer of 0 to {most}.", param=name)
    return int(text)
