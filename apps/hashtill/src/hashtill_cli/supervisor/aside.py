"""A process aside: work of our own beside the suite, in a fork with our terminal, that ends when we end."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from hashtill_cli.embedded.processes import die_with_parent
from hashtill_cli.supervisor.forking import EXIT_BUG


class Aside:
    """The process; `work` gives its exit code."""

    def __init__(self, work: Callable[[], int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self._code: int | None = None
        self._pid = os.fork()
        if self._pid == 0:
            _become(work, parent=parent)

    def has_ended(self) -> bool:
        """Look whether it has ended; never waits."""
        if self._code is None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code is not None

    def stop(self) -> int:
        """End it if it still runs, and give its exit code."""
        if not self.has_ended():
            os.kill(self._pid, signal.SIGTERM)
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code if self._code is not None else EXIT_BUG


def _become(work: Callable[[], int], *, parent: int) -> NoReturn:
    code = EXIT_BUG
    try:
        os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone
        die_with_parent(signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        code = work()
    except BaseException:  # noqa: BLE001 - the edge of a forked process: the parent's code must never go on here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
