"""Money adds, compares and prints; it never mixes currencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import CurrencyMismatchError, Money, read_amount

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


@pytest.mark.parametrize(
    ("text", "minor", "code"),
    [
        ("149.99 USD", 149_99, "USD"),
        ("15 USD", 15_00, "USD"),
        ("1,234.50 EUR", 1_234_50, "EUR"),
        ("500 JPY", 500, "JPY"),
        ("1.234 KWD", 1_234, "KWD"),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, minor: int, code: str) -> None:
    assert read_amount(text) == Money(amount_minor=minor, currency_code=code)


@pytest.mark.parametrize("text", ["149.9 USD", "149.99", "$149.99", "-1 USD", "1.5 JPY", "1,23 USD", "1 usd", "1  USD"])
def test_an_amount_in_another_form_is_not_guessed(text: str) -> None:
    assert read_amount(text) is None
