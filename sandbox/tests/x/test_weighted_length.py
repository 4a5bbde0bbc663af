"""How long X says a text is."""

import pytest

from sandbox.x.weighted_length import LENGTH_MAX, cut_to_length, weighted_length


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("a" * 280, 280),
        ("é", 1),
        ("e\u0301", 1),
        ("日本", 4),
        ("👍", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇨🇭", 2),
        ("1\ufe0f\u20e3", 2),
        ("see https://example.com/a/very/long/path/that/would/count/for/much/more now", 31),
    ],
)
def test_a_text_weighs(text: str, weight: int) -> None:
    assert weighted_length(text) == weight


def test_a_cut_text_is_the_longest_beginning_that_fits() -> None:
    cut = cut_to_length("日" * 200, length_max=LENGTH_MAX)

    assert cut == "日" * 140


def test_a_short_text_is_not_cut() -> None:
    assert cut_to_length("short", length_max=LENGTH_MAX) == "short"
