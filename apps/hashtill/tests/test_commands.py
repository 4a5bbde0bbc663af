from pathlib import Path

import pytest
from typer.testing import CliRunner

from hashtill_cli.main import app

COMMANDS = (
    ["orders", "list"],
    ["orders", "show", "1"],
    ["orders", "explain", "--post", "1"],
    ["link", "list"],
    ["post", "--as", "mia_k", "hello"],
    ["check"],
    ["dead", "list"],
    ["dead", "drop", "orders", "1"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_suite_every_command_says_so_in_one_sentence(command: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*command, "--data", str(tmp_path)])

    assert done.exit_code == 1
    assert done.output.strip() == f"No Hashtill is running on {tmp_path}. Start one in another terminal: make up"


@pytest.mark.parametrize("command", ["show", "explain"])
def test_an_order_is_named_by_its_id_or_by_its_post(command: str) -> None:
    for arguments in ([], ["1", "--post", "2"]):
        done = CliRunner().invoke(app, ["orders", command, *arguments])

        assert "Name an order by its id, or the post that made it by --post." in done.output
        assert done.exit_code == 1


def test_a_state_that_is_none_is_answered_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["orders", "list", "--state", "nope"])

    assert "There is no state 'nope'. There are: RECEIVED, HOLDING" in done.output
