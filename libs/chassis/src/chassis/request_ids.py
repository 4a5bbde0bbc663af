"""Request ids: one a call, taken from the caller or made here, echoed in the trailers and shown in every log line."""

import re
import uuid
from contextvars import ContextVar

from chassis.bound import Bound

REQUEST_ID_HEADER = "x-request-id"
"""The gRPC metadata key, in and out."""

_SHAPE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Give the id of the call being answered; None outside any call."""
    return _current.get()


def accepted_request_id(offered: str | None) -> str:
    """Take the caller's id when it is 1 to 64 plain characters, else make a new one."""
    return offered if offered and _SHAPE.fullmatch(offered) else uuid.uuid4().hex


def answering(request_id: str) -> Bound[str | None]:
    """Bind a request id to everything inside: its logs and its onward calls."""
    return Bound(_current, request_id)
