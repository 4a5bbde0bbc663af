"""Bound: a context variable that holds a value inside a block; a class, for it is entered on every call."""

from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Bound(AbstractContextManager[None], Generic[T]):
    """Sets the variable on entering and puts back what was there on leaving."""

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable, self._value = variable, value

    def __enter__(self) -> None:
        self._token = self._variable.set(self._value)

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)
