import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.supervisor.address_book import NotRunningError, read_address_book

MISSING = [service for service in SERVICES if find_spec(f"{service}.main") is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not written yet: {', '.join(MISSING)}")

STOP_SECONDS_MAX = 10.0


@contextmanager
def up(data: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "hashtill_cli", "up", "--data", str(data)]
    environ = os.environ | {"COLUMNS": "300"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603 - our own command
        try:
            yield process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS_MAX)


def said_until(process: subprocess.Popen[str], words: str) -> str:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


def test_up_starts_everything_tells_where_it_is_and_ctrl_c_ends_it(open_folder: Path) -> None:
    with up(open_folder) as process:
        said = said_until(process, "Stop: Ctrl-C")
        assert "Ready in" in said, said
        book = read_address_book(open_folder)
        children = psutil.Process(process.pid).children(recursive=True)
        policies = {os.sched_getscheduler(child.pid) for child in children}

        process.send_signal(signal.SIGINT)
        code = process.wait(STOP_SECONDS_MAX)

    assert code == 0
    assert set(SERVICES) <= set(book.processes)
    assert policies == {os.SCHED_BATCH}
    assert [child for child in children if child.is_running()] == []
    with pytest.raises(NotRunningError, match="make up"):
        read_address_book(open_folder)


def test_a_second_up_on_the_same_data_says_who_runs_there(open_folder: Path) -> None:
    with up(open_folder) as first:
        assert "Ready in" in (said := said_until(first, "Stop: Ctrl-C")), said

        with up(open_folder) as second:
            said = said_until(second, "is running on")

    assert f"Another Hashtill (process {first.pid}) is running" in said


def test_the_address_book_is_its_owners_alone(open_folder: Path) -> None:
    with up(open_folder) as process:
        assert "Ready in" in (said := said_until(process, "Stop: Ctrl-C")), said
        file = open_folder / "addresses.json"

        assert file.stat().st_mode & 0o777 == 0o600
        assert json.loads(file.read_text())["supervisor_pid"] == process.pid
