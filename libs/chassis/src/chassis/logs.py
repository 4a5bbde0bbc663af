"""Logs: one event name with fields a line, JSON (or key=value on a terminal), masked, with trace and request id."""

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from chassis.masking import masked_value
from chassis.request_ids import current_request_id
from chassis.telemetry import current_trace_id


def configure_logs(*, service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging for this process; call it first, and again after a fork."""
    to = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Bound(service),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            mask,
            _renderer(to),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(to),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forwarding()], level=level, force=True)


def report_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio could hand to nobody (a task whose failure was never read); set as the loop's handler."""
    exc = context.get("exception")
    structlog.get_logger().error("unhandled_in_event_loop", detail=context.get("message", ""), exc_info=exc)


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask card numbers and secrets in a line; drop the line when that fails, for nothing may pass unsearched."""
    try:
        searched: EventDict = masked_value(event)
    except Exception:  # noqa: BLE001 - whatever fails here, the line must not pass
        raise structlog.DropEvent from None
    return searched


class _Lines:
    """Writes lines; a reader that has gone away must not break the work that is told about."""

    def __init__(self, to: TextIO) -> None:
        self._to = to

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            self._to.write(line + "\n")
            self._to.flush()

    log = debug = info = warning = error = critical = exception = fatal = msg


class _Bound:
    """Adds what every line carries: the service, and the trace and request it belongs to."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = self._service
        if trace_id := current_trace_id():
            event["trace_id"] = trace_id
        if request_id := current_request_id():
            event["request_id"] = request_id
        return event


class _Forwarding(logging.Handler):
    """Hands lines of the standard library's logging to structlog, so that they are masked and shaped alike."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None
        )


def _renderer(to: TextIO) -> Any:
    if to.isatty():
        return structlog.dev.ConsoleRenderer(sort_keys=False, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event).decode())
