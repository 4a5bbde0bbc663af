"""The relay's figure: what is counted, what is found when stream and outbox disagree, and a small run of the whole."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from hashtill_cli.bench.beside import Beside
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.relay.agreement import Stored, Written, counted, disagreements
from hashtill_cli.bench.relay.load import RelayLoad
from hashtill_cli.bench.relay.report import RelayResult, show

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUN_SECONDS_MAX = 110.0


def test_sides_that_agree_have_nothing_to_say() -> None:
    assert disagreements(_rows(4), _stored(4)) == []


@pytest.mark.parametrize(
    ("rows", "stored", "said"),
    [
        ([0, 1, 2], [0, 1], "rows are not in the stream where they say"),
        ([0, 1], [0, 1, 2], "messages have no row"),
    ],
)
def test_what_one_side_lacks_is_said(rows: list[int], stored: list[int], said: str) -> None:
    problems = disagreements([_rows(3)[each] for each in rows], [_stored(3)[each] for each in stored])

    assert problems == [f"1 {said}."]


def test_a_row_that_was_never_marked_is_said_and_not_counted() -> None:
    rows = [replace(_rows(1)[0], sequence=None, published_at=None)]

    assert disagreements(rows, _stored(1)) == ["1 rows were never marked."]
    assert counted(rows, {}, since=AT, until=AT + timedelta(days=1)) == 0


def test_a_message_stored_twice_is_said() -> None:
    again = replace(_stored(1)[0], sequence=9)

    assert "1 messages are in the stream more than once." in disagreements(_rows(1), [*_stored(1), again])


def test_a_version_stored_behind_a_later_one_is_said() -> None:
    first, second = _stored(2)
    swapped = [replace(first, sequence=2), replace(second, sequence=1)]

    assert "1 messages overtook an earlier one of their aggregate." in disagreements(_rows(2), swapped)


def test_only_what_was_marked_in_the_window_and_is_stored_counts() -> None:
    places = {each.sequence: each for each in _stored(5)[:4]}

    count = counted(_rows(5), places, since=AT + timedelta(seconds=2), until=AT + timedelta(seconds=9))

    assert count == 3


def test_a_missed_target_is_printed_as_such_and_the_last_line_is_json() -> None:
    file = io.StringIO()
    result = RelayResult(
        load=RelayLoad(), events=100, seconds=10.0, cpu_seconds={"relay": 1.0, "postgres": 2.0},
        single_publishes_per_second=5.0, pgbench_tps=20.0, problems=[], compared=120, load_before=0.5,
    )  # fmt: skip

    show(result, Console(file=file, width=110))

    figures = json.loads(file.getvalue().splitlines()[-1])
    assert (figures["events_per_second"], figures["ratio_to_single_publishes"]) == (10, 2.0)
    assert (figures["relay_cores"], figures["cpu_us_an_event"]) == (0.1, 30_000.0)
    assert figures["targets_missed"] == ["events_per_second"]
    assert "FAIL" in file.getvalue()


def test_a_process_beside_that_cannot_start_is_no_figure() -> None:
    with pytest.raises(BenchError, match="did not start"):
        Beside("hashtill_cli.bench.no_such_module")


@pytest.mark.servers
def test_a_small_run_ends_with_its_figures_and_both_sides_in_agreement() -> None:
    sizes = ["--seconds", "1", "--warm", "1", "--writers", "2", "--batch", "20", "--pgbench", "1"]

    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "hashtill_cli", "bench", "relay", *sizes],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])
    assert figures["ok"]
    assert figures["compared"] >= figures["events"] > 0
    assert figures["single_publishes_per_second"] > 0
    assert figures["pgbench_tps"] > 0


def _rows(count: int) -> list[Written]:
    return [
        Written(
            message_id=f"m{number}",
            aggregate="a",
            version=number,
            sequence=number,
            published_at=AT + timedelta(seconds=number),
        )
        for number in range(1, count + 1)
    ]


def _stored(count: int) -> list[Stored]:
    return [
        Stored(sequence=number, message_id=f"m{number}", aggregate="a", version=number)
        for number in range(1, count + 1)
    ]
