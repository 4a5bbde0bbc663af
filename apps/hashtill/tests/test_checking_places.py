from pathlib import Path

import pytest
from typer.testing import CliRunner

from hashtill_cli.checking.reading.places import places_of
from hashtill_cli.checking.reading.texts import log_chunks
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.main import app

ALL = {f"HASHTILL_CHECK_{service.upper()}_DATABASE_URL": f"postgresql://h/{service}" for service in SERVICES}


def test_an_external_suite_is_found_by_its_variables(tmp_path: Path) -> None:
    places = places_of(tmp_path, {**ALL, "HASHTILL_CHECK_NATS_URL": "nats://h", "HASHTILL_CHECK_LOGS": str(tmp_path)})

    assert places.databases["offers"] == "postgresql://h/offers"
    assert (places.nats_url, places.processor_url, places.logs) == ("nats://h", "", tmp_path)
    assert "postgresql" not in repr(places)


def test_an_external_suite_named_in_part_says_what_is_missing(tmp_path: Path) -> None:
    given = {name: dsn for name, dsn in ALL.items() if "OFFERS" not in name}

    done = CliRunner().invoke(app, ["check", "--data", str(tmp_path)], env=given)

    assert done.exit_code == 1
    assert done.output.strip() == "To check an external suite, set HASHTILL_CHECK_OFFERS_DATABASE_URL too."


def test_a_suite_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    nowhere = dict.fromkeys(ALL, "postgresql://u@127.0.0.1:1/d")

    done = CliRunner().invoke(app, ["check", "--data", str(tmp_path)], env=nowhere)

    assert done.exit_code == 1
    assert done.output.startswith("The check could not read everything: ")


@pytest.mark.parametrize("lines", [0, 1, 5_000, 5_001])
def test_log_files_are_read_to_their_last_line(lines: int, tmp_path: Path) -> None:
    (tmp_path / "orders.log").write_text("".join(f"line {number}\n" for number in range(lines)))

    read = "".join(text for _, text in log_chunks(tmp_path))

    assert read.count("\n") == lines
