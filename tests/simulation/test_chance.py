"""Faults strike as often as their rate says, and at the same places whatever else is left out."""

import pytest
from tests.simulation.chance import RATES, Fault, Weather

ASKED = 40_000
FAULT = Fault.PROCESSOR_ANSWER_LOST


def struck_at(*, storm: float, spared: frozenset[str] = frozenset(), beside: bool = False) -> list[str]:
    weather = Weather(seed=1, storm=storm, spared=spared, fair=False)
    for _ in range(ASKED):
        weather.strikes(FAULT, "here")
        if beside:
            weather.strikes(Fault.CALL_LOST, "there")
    return [each for each in weather.struck if each.startswith(FAULT)]


@pytest.mark.parametrize("storm", [0.5, 1.0, 4.0])
def test_a_fault_strikes_as_often_as_its_rate_says(storm: float) -> None:
    assert len(struck_at(storm=storm)) == pytest.approx(ASKED * RATES[FAULT] * storm, rel=0.1)


def test_in_calm_weather_nothing_strikes_and_in_the_worst_everything_does() -> None:
    assert struck_at(storm=0.0) == []
    assert len(struck_at(storm=1 / RATES[FAULT])) == ASKED


def test_what_is_left_out_or_asked_beside_shifts_no_other_strike() -> None:
    struck = struck_at(storm=1.0)

    assert struck_at(storm=1.0, beside=True) == struck
    assert struck_at(storm=1.0, spared=frozenset(struck[:1])) == struck[1:]
