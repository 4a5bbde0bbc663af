"""A server beside the suite as the supervisor tends it: started again when it died or switched its work off."""

import time
from collections.abc import Callable
from typing import Protocol

from hashtill_cli.embedded.errors import EmbeddedServerError

ASK_SECONDS = 5.0
"""A server that lives is asked this often whether it does its work; so often is it started while a disk is full."""

AGAIN_SECONDS = 2.0
"""One that could not start is tried again after this: what hinders it (a full disk) may go away by itself."""


class Server(Protocol):
    """A server beside the suite."""

    @property
    def running(self) -> bool:
        """Whether its process lives."""

    def complaint(self) -> str:
        """Ask what keeps it from its work until it is started again; nothing when it is well."""

    def restart(self) -> None:
        """Start it again where it was. Raises EmbeddedServerError when it does not start."""


class Tended:
    """One server, and when it is looked at next."""

    def __init__(self, name: str, server: Server, *, tell: Callable[[str], None]) -> None:
        self._name, self._server, self._tell = name, server, tell
        self._ask_at = self._again_at = 0.0

    def tend(self) -> None:
        """Start it again if it needs that; never raises for a start that fails."""
        if time.monotonic() < self._again_at or not (why := self._trouble()):
            return
        self._tell(f"{self._name} {why}; starting it again")
        try:
            self._server.restart()
        except (EmbeddedServerError, OSError) as problem:
            self._again_at = time.monotonic() + AGAIN_SECONDS
            self._tell(f"{self._name} did not start, and is tried again soon. {problem}")

    def _trouble(self) -> str:
        if not self._server.running:
            return "died"
        if time.monotonic() < self._ask_at:
            return ""
        self._ask_at = time.monotonic() + ASK_SECONDS
        return self._server.complaint()
