"""Nothing that looks like a card number, and no secret, ever reaches a log line."""

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from chassis.logs import configure_logs, mask
from chassis.masking import MASK, masked, masked_value
from chassis.request_ids import answering
from chassis.telemetry import current_trace_id, span
from kernel.secret import Secret

CARD_NUMBERS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "378282246310005",
    "3782 822463 10005",
    "5555555555554444",
    "2223003122003222",
    "6011111111111117",
    "4222222222222",
    "6304000000000000000",
]
NO_CARD_NUMBERS = [
    "2118000000000000003",  # an X id of 2026 (19 digits)
    "1790000000000",  # milliseconds since 1970
    "4111111111111112",  # fails the check digit
    "6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be001",
    "5 units of 3 for $149.99",
]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    collected = io.StringIO()
    configure_logs(service="probe", stream=collected)
    yield collected
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("number", CARD_NUMBERS)
def test_a_card_number_is_masked_however_it_is_grouped(number: str) -> None:
    assert masked(f"card {number}, please") == f"card {MASK}, please"


@pytest.mark.parametrize("text", NO_CARD_NUMBERS)
def test_ids_times_and_prices_stay_readable(text: str) -> None:
    assert masked(text) == text


def test_structures_are_searched_to_the_bottom() -> None:
    deep: object = CARD_NUMBERS[0]
    for _ in range(12):
        deep = {"inside": [deep]}

    assert CARD_NUMBERS[0] not in str(masked_value(deep))


def test_numbers_keys_and_secrets_are_masked_too() -> None:
    assert masked_value({CARD_NUMBERS[0]: int(CARD_NUMBERS[3]), "key": Secret("hunter2")}) == {
        MASK: MASK,
        "key": "Secret(***)",
    }


def test_a_line_carries_service_trace_and_request_and_is_masked(stream: io.StringIO) -> None:
    with answering("checkout-17"), span("orders.hold"):
        trace_id = current_trace_id()
        structlog.get_logger().info("card_attached", note=CARD_NUMBERS[0], key=Secret("hunter2"))

    (line,) = lines_of(stream)
    assert (line["event"], line["service"], line["level"]) == ("card_attached", "probe", "info")
    assert (line["trace_id"], line["request_id"]) == (trace_id, "checkout-17")
    assert (line["note"], line["key"]) == (MASK, "Secret(***)")


def test_a_traceback_is_masked(stream: io.StringIO) -> None:
    try:
        int(CARD_NUMBERS[1])
    except ValueError:
        structlog.get_logger().exception("charge_failed")

    (line,) = lines_of(stream)
    assert CARD_NUMBERS[1] not in str(line)
    assert "ValueError" in str(line["exception"])


def test_other_libraries_logs_take_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("saw %s", CARD_NUMBERS[0])

    (line,) = lines_of(stream)
    assert (line["event"], line["logger"], line["level"]) == (f"saw {MASK}", "some.library", "warning")


def test_a_line_that_cannot_be_searched_is_dropped() -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError

    with pytest.raises(structlog.DropEvent):
        mask(None, "info", {"event": "kept", "what": Unprintable()})


def test_a_reader_that_has_gone_away_breaks_nothing(stream: io.StringIO) -> None:
    stream.close()

    structlog.get_logger().info("told_to_nobody")

    assert stream.closed


def test_a_level_below_the_chosen_one_costs_no_line(stream: io.StringIO) -> None:
    structlog.get_logger().debug("detail")

    assert lines_of(stream) == []
