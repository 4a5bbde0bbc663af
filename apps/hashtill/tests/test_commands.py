import io
import multiprocessing
import os
import pwd
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from hashtill_cli.commands.ending import ending_in_words, telling
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.main import app
from hashtill_cli.supervisor.forking import StartError

WITHIN_SECONDS = 60

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


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_data_folder_that_is_a_file_holds_no_suite(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = CliRunner().invoke(app, [*command, "--data", str(tmp_path / "file")])

    assert (done.exit_code, done.output.partition(". ")[0]) == (1, f"No Hashtill is running on {tmp_path / 'file'}")


def list_as_nobody(data: Path) -> None:
    os.setuid(pwd.getpwnam("nobody").pw_uid)
    said = CliRunner().invoke(app, ["orders", "list", "--data", str(data)]).output
    sys.exit(said.strip() != f"The Hashtill on {data} is another user's. Run this command as that user.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_suite_of_another_user_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "addresses.json").touch(mode=0o600)

    child = multiprocessing.get_context("fork").Process(target=list_as_nobody, args=(tmp_path,))
    child.start()
    child.join(WITHIN_SECONDS)

    assert child.exitcode == 0


NOWHERE = {"nobody listens": "postgresql://u@127.0.0.1:1/d", "no address": "hunter2"}


@pytest.mark.parametrize("dsn", NOWHERE.values(), ids=NOWHERE)
@pytest.mark.parametrize("command", [["check"], ["dead", "list"], ["dead", "drop", "orders", "1"]], ids=" ".join)
def test_a_database_that_is_away_is_one_sentence(command: list[str], dsn: str) -> None:
    places = {f"HASHTILL_CHECK_{service.upper()}_DATABASE_URL": dsn for service in SERVICES}

    done = CliRunner().invoke(app, command, env=places)

    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
    assert done.output.strip().endswith("and each address right?")
    assert "hunter2" not in done.output


def test_what_a_start_says_is_text_whatever_is_in_it() -> None:
    said = io.StringIO()
    console, words = (
        Console(file=said, width=20),
        "orders: [/tmp/x] [dim] [card number] and a line longer than the console",
    )

    telling(console)(words)
    with pytest.raises(typer.Exit), ending_in_words(console):
        raise StartError(words)

    assert said.getvalue().splitlines() == [f"  {words}", f"Hashtill does not run. {words}"]


@pytest.mark.parametrize("command", ["show", "explain"])
def test_an_order_is_named_by_its_id_or_by_its_post(command: str) -> None:
    for arguments in ([], ["1", "--post", "2"]):
        done = CliRunner().invoke(app, ["orders", command, *arguments])

        assert "Name an order by its id, or the post that made it by --post." in done.output
        assert done.exit_code == 1


def test_a_state_that_is_none_is_answered_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["orders", "list", "--state", "nope"])

    assert "There is no state 'nope'. There are: RECEIVED, HOLDING" in done.output
