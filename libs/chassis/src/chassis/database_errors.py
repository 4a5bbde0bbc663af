"""Database errors without the data: what PostgreSQL or the driver quotes of a row never reaches a log or a trace."""

from typing import Any

import asyncpg
from sqlalchemy.engine import ExceptionContext

WITHHELD = "a value does not fit its type or column (the value is withheld)"
"""Said for errors whose very first line quotes the value."""

_SPEAKING = ("detail", "hint", "internal_query", "context", "where")
"""The fields of a PostgreSQL error that may quote a row."""


def scrub(context: ExceptionContext) -> None:
    """Keep what rule was broken and drop what quotes values; an SQLAlchemy event listener."""
    original = context.original_exception
    driver_error = original.__cause__
    quotes = isinstance(driver_error, asyncpg.DataError)
    if driver_error is not None:
        scrub_driver_error(driver_error)
    for error in (original, context.sqlalchemy_exception):
        if error is not None:
            _shorten(error, quotes=quotes)


def scrub_driver_error(error: BaseException) -> None:
    """Drop the speaking parts of an asyncpg error in place."""
    for field in _SPEAKING:
        if getattr(error, field, None) is not None:
            setattr(error, field, None)
    if isinstance(error, asyncpg.DataError):
        error.__cause__ = error.__context__ = None  # the driver's own reason quotes the value again
    _shorten(error, quotes=isinstance(error, asyncpg.DataError))


def _shorten(error: Any, *, quotes: bool) -> None:
    if error.args and isinstance(error.args[0], str):
        first_line = WITHHELD if quotes else error.args[0].split("\n", 1)[0]
        error.args = (first_line, *error.args[1:])
