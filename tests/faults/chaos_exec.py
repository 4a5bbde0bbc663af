"""One service of a struck suite: held down while its gate is shut, under a wrong clock where one is laid out for it."""

import os
import runpy
import sys
from pathlib import Path
from threading import Event

from tests.faults.chaos_seams import HOME, SERVICE, SHIM, clock_of, gate_of, pid_of, write_whole

LOOK_SECONDS = 0.05


def main() -> None:
    """Become the service."""
    home, service = Path(os.environ[HOME]), os.environ[SERVICE]
    write_whole(pid_of(home, service), str(os.getpid()))
    while gate_of(home, service).exists():
        Event().wait(LOOK_SECONDS)
    clock = clock_of(home, service)
    if clock.exists():
        shimmed = {"LD_PRELOAD": os.environ[SHIM], "CHAOS_CLOCK_SECONDS": clock.read_text()}
        os.execve(sys.executable, [sys.executable, "-m", service], os.environ | shimmed)  # noqa: S606 - ourselves, anew: the loader reads the shim at exec
    runpy.run_module(service, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
