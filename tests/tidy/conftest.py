"""Prints the measured row below the tests of the hand we write in."""

import pytest
from tests.tidy.measure import row


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(row())
