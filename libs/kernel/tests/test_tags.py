"""Tags compare without case, offers' tags are plain, confirmation tags catch typos."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.tags import (
    CONFIRMATION_ALPHABET,
    canonical_tag,
    is_confirmation_tag,
    is_offer_tag,
    looks_like_confirmation,
    new_confirmation_tag,
)

DRAWN = st.integers().map(lambda seed: new_confirmation_tag(random.Random(seed).randrange))  # noqa: S311 - repeatable draws are the point


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert canonical_tag(canonical_tag(text)) == canonical_tag(text)


def test_case_and_composition_do_not_matter() -> None:
    assert canonical_tag("BuyKindleFireHD") == canonical_tag("buykindlefirehd")
    assert canonical_tag("caf\u00e9") == canonical_tag("cafe\u0301")


@pytest.mark.parametrize("tag", ["BuyKindleFireHD", "abc", "A1_", "x" * 50])
def test_plain_tags_may_be_offered(tag: str) -> None:
    assert is_offer_tag(tag)


@pytest.mark.parametrize("tag", ["", "ab", "1abc", "x" * 51, "Buy-It", "Кindle", "OK23456789"])  # noqa: RUF001 - the Cyrillic letter is the point
def test_other_tags_may_not(tag: str) -> None:
    assert not is_offer_tag(tag)


@given(DRAWN)
def test_a_confirmation_tag_reads_back_and_is_never_an_offers(tag: str) -> None:
    canonical = canonical_tag(tag.upper())  # as people see it

    assert canonical == tag
    assert is_confirmation_tag(canonical)
    assert not is_offer_tag(tag.upper())


@given(DRAWN, st.integers(min_value=2, max_value=9), st.sampled_from(CONFIRMATION_ALPHABET))
def test_one_wrong_character_is_caught(tag: str, place: int, character: str) -> None:
    wrong = canonical_tag(tag[:place] + character + tag[place + 1 :])

    assert looks_like_confirmation(wrong)
    assert is_confirmation_tag(wrong) == (wrong == tag)


def test_what_does_not_look_like_one_is_none() -> None:
    assert not is_confirmation_tag(canonical_tag("okay"))
