import re
import sys

import pytest

from hashtill_cli.bench.heading import heading, machine


def test_a_report_begins_with_the_command_as_it_can_be_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["somewhere/hashtill", "bench", "relay", "--save", "a report.txt"])

    command, made = heading("hashtill").splitlines()

    assert command == "$ hashtill bench relay --save 'a report.txt'"
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d UTC, {re.escape(machine())}, load \d+\.\d", made)
