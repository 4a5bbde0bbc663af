"""Money adds, compares and prints; it never mixes currencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import CurrencyMismatchError, Money

MINOR = st.integers(min_value=0, max_value=10**12)


def usd(minor: int) -> Money:
    return Money(amount_minor=minor, currency_code="USD")


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (usd(14_999), "$149.99"),
        (usd(5), "$0.05"),
        (usd(-123_456_78), "-$123,456.78"),
        (Money(amount_minor=1_500, currency_code="JPY"), "1,500 JPY"),
        (Money(amount_minor=1_500, currency_code="CHF"), "15.00 CHF"),
    ],
)
def test_an_amount_prints_as_people_write_it(money: Money, shown: str) -> None:
    assert str(money) == shown


@given(a=MINOR, b=MINOR)
def test_what_is_added_can_be_taken_away(a: int, b: int) -> None:
    assert usd(a) + usd(b) - usd(b) == usd(a)
    assert (usd(a) <= usd(b)) == (a <= b)
    assert (usd(a) < usd(b)) == (a < b)


def test_currencies_never_mix() -> None:
    euro = Money(amount_minor=1, currency_code="EUR")

    with pytest.raises(CurrencyMismatchError):
        usd(1) + euro
    with pytest.raises(CurrencyMismatchError):
        assert usd(1) <= euro


@pytest.mark.parametrize(("minor", "basis_points", "share"), [(14_999, 888, 1_332), (1, 5_000, 1), (1, 4_999, 0)])
def test_a_share_rounds_halves_up(minor: int, basis_points: int, share: int) -> None:
    assert usd(minor).share(basis_points) == usd(share)
