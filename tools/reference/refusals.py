"""Refusals told: which reasons, with which code, the comments of the protos promise to callers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CODES = (
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
)
"""The codes a refusal can have (chassis.refusal_status)."""

_CODE = re.compile(rf"\b({'|'.join(CODES)}) / ")
_REASON = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_?[A-Z0-9]+\b")
_ASIDE = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Told:
    """One reason with its code, as a comment tells it."""

    code: str
    reason: str


COMMON = (
    (Told(code="INVALID_ARGUMENT", reason="INVALID_FIELD"), "A field cannot be so; the fact `field` names it."),
    (
        Told(code="INVALID_ARGUMENT", reason="MALFORMED_REQUEST"),
        "The bytes are not the message this call takes; check the client's generated code.",
    ),
    (
        Told(code="ALREADY_EXISTS", reason="REQUEST_ID_REUSED"),
        "The `request_id` was used with other contents; make a new one for a new request.",
    ),
    (
        Told(code="UNAVAILABLE", reason="PEER_UNAVAILABLE"),
        "A service behind this one did not answer in time; send the same request again.",
    ),
    (
        Told(code="UNAVAILABLE", reason="OUTAGE"),
        "The database or NATS is away just now; send the same request again.",
    ),
    (
        Told(code="UNAVAILABLE", reason="INTERNAL_ERROR"),
        "In a batch, an item that a service behind this one failed by a bug; its outcome is not known, ask again.",
    ),
)
"""What every call may be refused with, whatever the service: the kernel and the chassis give these."""


def reasons_told(comment: str) -> Iterator[Told]:
    """Read `CODE / REASON, REASON (why); CODE / REASON.` out of a comment; text in brackets is left out."""
    text, hollow = comment, ""
    while text != hollow:
        text, hollow = _ASIDE.sub("", text), text
    parts = _CODE.split(text)
    for code, rest in zip(parts[1::2], parts[2::2], strict=True):
        clause = re.split(r"[;.]", rest, maxsplit=1)[0]
        yield from (Told(code=code, reason=reason) for reason in _REASON.findall(clause) if reason not in CODES)
