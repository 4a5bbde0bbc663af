"""A whole suite for a test run: `hashtill up` as people start it, with the demo's pace, on a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from hashtill_cli.demo.pace import demo_variables
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.scenarios.waiting import must
from hashtill_cli.supervisor.address_book import AddressBook, read_address_book

READY_WORDS = "Stop: Ctrl-C"

STOP_SECONDS_MAX = 15.0


class RunningSuite:
    """One data folder, and the suite that runs on it now."""

    def __init__(
        self, data: Path, *, otlp_endpoint: str = "", variables: Mapping[str, str] | None = None, program: str = ""
    ) -> None:
        self.data = data
        self.said = ""
        collector = {"HASHTILL_OTLP_ENDPOINT": otlp_endpoint} if otlp_endpoint else {}
        self._variables = {**demo_variables(), **collector, **(variables or {}), "COLUMNS": "200"}
        self._command = [program] if program else ["hashtill_cli", "up", "--data"]
        self._process: subprocess.Popen[str] | None = None

    @property
    def book(self) -> AddressBook:
        """Where everything answers."""
        return read_address_book(self.data)

    @property
    def keyring(self) -> Keyring:
        """The folder's secrets."""
        return Keyring(self.data)

    def start(self) -> None:
        """Start it (or another program that runs a suite on a folder) and wait until it says that it is ready."""
        command = [sys.executable, "-m", *self._command, str(self.data)]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=os.environ | self._variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self._process.stdout or ():
            self.said += line
            if READY_WORDS in line:
                return
        raise AssertionError(f"The suite did not start:\n{self.said}")

    def processes(self) -> list[psutil.Process]:
        """Give every process of it, servers included."""
        assert self._process is not None
        main = psutil.Process(self._process.pid)
        return [main, *main.children(recursive=True)]

    def service(self, name: str) -> psutil.Process | None:
        """Find the process of a service by the port it answers on; None while there is none."""
        port = int(self.book.processes[name]["grpc"].rpartition(":")[2])
        return next((each for each in self.processes() if _answers_on(each, port)), None)

    def stop(self) -> int | None:
        """Press Ctrl-C, as it were, and wait; gives the exit code, or None when it did not run."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        finally:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


async def forked_again(suite: RunningSuite, service: str) -> psutil.Process:
    """Wait until a process answers for a service again."""

    async def look_for() -> psutil.Process | None:
        return suite.service(service)

    found = await must(look_for, lambda process: process is not None, what=f"{service} being forked again")
    assert found is not None
    return found


def _answers_on(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections()
    except psutil.NoSuchProcess:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)
