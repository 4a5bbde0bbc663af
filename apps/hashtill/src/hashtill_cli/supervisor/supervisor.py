"""The supervisor's life: fork all, wait until they are ready, keep them alive, and stop all in order on a signal."""

import os
import signal
import time
from collections.abc import Callable

from hashtill_cli.supervisor.children import Child, Children
from hashtill_cli.supervisor.forking import StartError
from hashtill_cli.supervisor.readiness import Watcher
from hashtill_cli.supervisor.tended import Server, Tended

READY_SECONDS_MAX = 60.0
"""Eight are the promise; on a busy machine a first start may take several times that."""

DEATHS_AT_START_MAX = 3
"""Who dies this often before it was ever ready will not come; its log says why."""

STOP_SECONDS_MAX = 6.0
"""A service stops within 5 s; with the servers' stop all is over in less than ten."""

TICK_SECONDS = 0.1
"""Death wakes us at once; this is for pauses and readiness."""

EXIT_SETTINGS = 78
"""A process's own word for: my settings are wrong, starting me again will not help."""

LOG_LINES_SHOWN = 12

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


class Supervisor:
    """Runs children until told to stop; `wait_ready` first, then `run`. It calls `look` at every tick."""

    def __init__(
        self,
        children: Children,
        *,
        servers: dict[str, Server],
        tell: Callable[[str], None],
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._children = children
        self._servers = [Tended(name, server, tell=tell) for name, server in servers.items()]
        self._look = look
        self._tell = tell
        self._stopping = False
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # taken one by one in _tick

    def wait_ready(self) -> bool:
        """Fork everything and wait; False when told to stop meanwhile. Raises StartError."""
        self._children.start_due()
        watcher = Watcher([child.spec for child in self._children.all])
        try:
            self._await_all(watcher)
        finally:
            _end(watcher)
        return not self._stopping

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Keep everything alive until SIGINT or SIGTERM, or until `until` says so."""
        while not self._stopping and not until():
            self._tick(at_start=False)

    def stop(self) -> list[str]:
        """Stop all children; names those that had to be killed."""
        return self._children.stop(seconds_max=STOP_SECONDS_MAX)

    def _await_all(self, watcher: Watcher) -> None:
        missing = {child.spec.name for child in self._children.all}
        give_up_at = time.monotonic() + READY_SECONDS_MAX
        while missing and not self._stopping:
            self._tick(at_start=True)
            for name in watcher.newly_ready():
                missing.discard(name)
                self._tell(f"{name} is ready")
            if time.monotonic() > give_up_at:
                raise StartError(self._late(missing))

    def _tick(self, *, at_start: bool) -> None:
        caught = signal.sigtimedwait(SIGNALS, TICK_SECONDS)
        if caught is not None and caught.si_signo != signal.SIGCHLD:
            self._stopping = True
            return
        self._look()
        for child, code in self._children.dead():
            self._bury(child, code, at_start=at_start)
        for server in self._servers:
            server.tend()
        self._children.start_due()

    def _bury(self, child: Child, code: int, *, at_start: bool) -> None:
        pause = child.died()
        if at_start and (code == EXIT_SETTINGS or child.deaths >= DEATHS_AT_START_MAX):
            raise StartError(f"{child.spec.name} ended with code {code} instead of starting:\n{_last_words(child)}")
        self._tell(f"{child.spec.name} died ({_how(code)}); starting it again in {pause:g} s. See {child.log}")

    def _late(self, missing: set[str]) -> str:
        late = [child for child in self._children.all if child.spec.name in missing]
        words = "\n".join(f"{child.spec.name}:\n{_last_words(child)}" for child in late)
        return f"Not ready after {READY_SECONDS_MAX:.0f} seconds: {', '.join(sorted(missing))}.\n{words}"


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _last_words(child: Child) -> str:
    lines = child.log.read_text(errors="replace").splitlines() if child.log.exists() else []
    return "\n".join([*(f"  {line}" for line in lines[-LOG_LINES_SHOWN:]), f"  (whole log: {child.log})"])


def _end(watcher: Watcher) -> None:
    watcher.close()
    try:
        os.kill(watcher.pid, signal.SIGKILL)
    finally:
        os.waitpid(watcher.pid, 0)
