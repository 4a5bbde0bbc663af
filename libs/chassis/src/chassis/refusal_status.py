"""Refusals on the wire: one `google.rpc.Status` with ErrorInfo for each, and back."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import grpc
import grpc.aio
from google.rpc import code_pb2, error_details_pb2, status_pb2

from kernel.refusals import Refusal, RefusalKind

DOMAIN = "hashtill"
"""The ErrorInfo domain of every reason of ours."""

PEER_UNAVAILABLE = "PEER_UNAVAILABLE"
"""The reason when a peer could not answer in time: the same request may be sent again."""

INTERNAL_ERROR = "INTERNAL_ERROR"
"""The reason of a bug: nothing to act on, its `error_id` is in the log."""

DETAILS_KEY = "grpc-status-details-bin"
"""The trailer that carries the whole google.rpc.Status."""

CODES: Mapping[RefusalKind, grpc.StatusCode] = MappingProxyType(
    {
        RefusalKind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
        RefusalKind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
        RefusalKind.CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
        RefusalKind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
        RefusalKind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
        RefusalKind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
        RefusalKind.BUSY: grpc.StatusCode.UNAVAILABLE,
    }
)
"""Each kind's gRPC status (AIP-193)."""

MESSAGE_BYTES_MAX = 500
FACT_BYTES_MAX = 200
"""A status travels in trailers of at most 8 kB: what quotes a caller's own ten kilobytes back is cut, not lost.

In bytes, for a letter beyond ASCII is up to four of them, and twelve as the status line writes it.
"""

_CUT = "…"

_KINDS = {code.value[0]: kind for kind, code in CODES.items()}
_ANSWERLESS = frozenset(
    {
        code_pb2.UNAVAILABLE,
        code_pb2.DEADLINE_EXCEEDED,
        code_pb2.CANCELLED,
        code_pb2.RESOURCE_EXHAUSTED,
    }
)
"""Statuses without a reason of ours that mean nobody looked at the request, or nobody had time to answer."""


def status_of(refusal: Refusal) -> status_pb2.Status:
    """Write a refusal as a status: code, message, ErrorInfo (reason, facts) and, for a bad field, BadRequest."""
    message = _cut(refusal.message, MESSAGE_BYTES_MAX)
    status = status_pb2.Status(code=CODES[refusal.kind].value[0], message=message)
    facts = {name: _cut(fact, FACT_BYTES_MAX) for name, fact in refusal.facts.items()}
    status.details.add().Pack(_error_info(refusal.reason, facts))
    if refusal.kind is RefusalKind.INVALID and "field" in refusal.facts:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=facts["field"], description=message, reason=refusal.reason
        )
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status


def refusal_from_status(status: status_pb2.Status) -> Refusal | None:
    """Read a batch item's status back; None when it is OK. An item a peer failed by a bug reads as BUSY."""
    if status.code == code_pb2.OK:
        return None
    return _read(status) or Refusal(
        kind=RefusalKind.BUSY, reason=INTERNAL_ERROR, message="The other service failed; the outcome is not known."
    )


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal | None:
    """Read a failed call as the refusal it carries; a peer that did not answer is BUSY / PEER_UNAVAILABLE.

    None when the peer failed by a bug (INTERNAL, UNKNOWN, UNIMPLEMENTED …): nothing a caller can act on.
    """
    status = _details(error) or status_pb2.Status(code=error.code().value[0], message=error.details() or "")
    found = _read(status)
    if found is not None or status.code not in _ANSWERLESS:
        return found
    return Refusal(
        kind=RefusalKind.BUSY,
        reason=PEER_UNAVAILABLE,
        message="The other service did not answer in time; send the same request again.",
        facts={"code": error.code().name},
    )


def internal_status(error_id: str) -> status_pb2.Status:
    """Write a bug as a status that tells nothing but the id under which it was logged."""
    message = f"Something failed on our side; it is logged as {error_id}."
    status = status_pb2.Status(code=code_pb2.INTERNAL, message=message)
    status.details.add().Pack(_error_info(INTERNAL_ERROR, {"error_id": error_id}))
    return status


def _cut(text: str, bytes_max: int) -> str:
    raw = text.encode()
    return text if len(raw) <= bytes_max else f"{raw[: bytes_max - len(_CUT.encode())].decode(errors='ignore')}{_CUT}"


def _error_info(reason: str, facts: Mapping[str, str]) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=dict(facts))


def _read(status: status_pb2.Status) -> Refusal | None:
    kind = _KINDS.get(status.code)
    info = error_details_pb2.ErrorInfo()
    ours = (detail for detail in status.details if detail.Is(info.DESCRIPTOR) and detail.Unpack(info))
    if kind is None or next(ours, None) is None or info.domain != DOMAIN:
        return None
    return Refusal(kind=kind, reason=info.reason, message=status.message, facts=dict(info.metadata))


def _details(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    trailers: Iterable[Any] = error.trailing_metadata() or ()
    raw = dict(trailers).get(DETAILS_KEY)
    return status_pb2.Status.FromString(raw) if isinstance(raw, bytes) else None
