"""Forking: a child begins with the parent's imports, its own variables, log and process group, and ends when we end."""

import gc
import importlib
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from hashtill_cli.embedded.processes import die_with_parent
from hashtill_cli.supervisor.spec import ProcessSpec

EXIT_BUG = 70
"""As sysexits.h: an error of ours that nothing above caught."""


class StartError(Exception):
    """The suite did not get ready; the message names the process and why."""


def preload(specs: Iterable[ProcessSpec]) -> None:
    """Import what every child needs, once, and freeze the heap so that children share its pages."""
    for module in {name: None for spec in specs for name in spec.preload}:
        try:
            importlib.import_module(module)
        except Exception as problem:
            raise StartError(f"{module} cannot be imported: {problem!r}") from problem
    gc.collect()
    gc.freeze()


def fork(spec: ProcessSpec, *, log: Path) -> int:
    """Start the process and give its pid; only from a parent without loops, channels or other threads."""
    if threading.active_count() > 1:
        raise RuntimeError(f"A fork beside threads can hang: {threading.enumerate()}")
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(spec, log=log, parent=parent)
    return pid


def _become(spec: ProcessSpec, *, log: Path, parent: int) -> NoReturn:
    code = EXIT_BUG
    try:
        _detach(log, parent=parent)
        os.environ.update(spec.environ)
        sys.argv = [spec.module]
        runpy.run_module(spec.module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the edge of a forked process: the parent's code must never go on here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _detach(log: Path, *, parent: int) -> None:
    os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)  # it died before the kernel knew our wish
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
