"""Refusals: a "no" a caller can act on, with a stable reason; everything else that goes wrong is a bug."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

_NO_FACTS: Mapping[str, str] = MappingProxyType({})


class RefusalKind(StrEnum):
    """What sort of "no" it is; each maps to one gRPC status (AIP-193)."""

    INVALID = "invalid"
    """The request can never succeed as it stands (INVALID_ARGUMENT)."""
    NOT_FOUND = "not_found"
    """There is no such thing, or not for this caller (NOT_FOUND)."""
    CONFLICT = "conflict"
    """It exists already, or the request id was used with other contents (ALREADY_EXISTS)."""
    PRECONDITION = "precondition"
    """The state does not allow it now (FAILED_PRECONDITION)."""
    FORBIDDEN = "forbidden"
    """This caller may not (PERMISSION_DENIED)."""
    EXHAUSTED = "exhausted"
    """A limit or a stock is used up (RESOURCE_EXHAUSTED)."""
    BUSY = "busy"
    """Try again soon, with the same contents (UNAVAILABLE)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A "no": its kind, its stable reason (UPPER_SNAKE_CASE), a sentence for a person, and facts as strings.

    A value in a batch; `RefusedError` carries it out of a single call.
    """

    kind: RefusalKind
    reason: str
    message: str
    facts: Mapping[str, str] = field(default_factory=lambda: _NO_FACTS)


class RefusedError(Exception):
    """Carries one refusal out of a single call; the server's interceptor turns it into a status with ErrorInfo."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason}: {refusal.message}")
        self.refusal = refusal


def invalid(*, field_path: str, message: str) -> Refusal:
    """Say which field of a request cannot be, and why; reason INVALID_FIELD, fact `field`."""
    return Refusal(
        kind=RefusalKind.INVALID,
        reason="INVALID_FIELD",
        message=f"{field_path}: {message}",
        facts={"field": field_path},
    )
