import pytest
from tests.simulation.playing import play


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_keeps_every_promise(seed: int) -> None:
    played = play(seed)

    assert played.breaches == []
    assert played.orders >= 15
