"""What is a hashtag, by X's rules."""

import pytest

from sandbox.x.entities import entities_in
from sandbox.x.hashtags import hashtags_in


def _tags(text: str) -> list[str]:
    return [tag.tag for tag in entities_in(text, named=lambda _: None).hashtags]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#BuyKindle", ["BuyKindle"]),
        ("(#a)", ["a"]),
        ("#a#b", []),
        ("#a/#b", ["a", "b"]),
        ("#10", []),
        ("#10k", ["10k"]),
        ("&#x;", []),
        ("x#a", []),
        ("http://x.com/#a", []),
        ("#a://x", []),
        ("\uff03日本語", ["日本語"]),
        ("#\ufe0f\u20e3a", []),
        ("\u2764\ufe0f#love", ["love"]),
        ("#a_b-c", ["a_b"]),
        ("#café #CAFÉ", ["café", "CAFÉ"]),
        ("##a", ["a"]),
        ("no tag", []),
    ],
)
def test_a_text_has_exactly_these_hashtags(text: str, tags: list[str]) -> None:
    assert _tags(text) == tags


def test_places_are_code_points_with_the_end_exclusive() -> None:
    (tag,) = hashtags_in("👍👍 #Buy!")

    assert (tag.start, tag.end) == (3, 7)


def test_a_tag_that_overlaps_what_stands_there_already_loses() -> None:
    assert hashtags_in("ab #cd", taken=[(0, 4)]) == ()
