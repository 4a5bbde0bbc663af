"""Database errors without the data: what PostgreSQL says in DETAIL and bind values never reach a log or a trace."""

from typing import Any

from sqlalchemy.engine import ExceptionContext

_SPEAKING = ("detail", "hint", "internal_query", "context", "where")
"""The fields of a PostgreSQL error that may quote a row."""


def scrub(context: ExceptionContext) -> None:
    """Keep an error's first line (what rule was broken) and drop what quotes values; an SQLAlchemy event listener."""
    original = context.original_exception
    _shorten(original)
    if original.__cause__ is not None:
        scrub_driver_error(original.__cause__)
    wrapped = context.sqlalchemy_exception
    if wrapped is not None:
        _shorten(wrapped)


def scrub_driver_error(error: BaseException) -> None:
    """Drop the speaking fields of an asyncpg error in place."""
    for field in _SPEAKING:
        if getattr(error, field, None) is not None:
            setattr(error, field, None)
    _shorten(error)


def _shorten(error: Any) -> None:
    if error.args and isinstance(error.args[0], str):
        error.args = (error.args[0].split("\n", 1)[0], *error.args[1:])
