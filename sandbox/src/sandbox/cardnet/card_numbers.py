"""Test card numbers: the rule that mints the n-th one of a range, and the Luhn check.

A number has 15 digits: range (6) + account (7, zero-padded) + issue (1) + Luhn check digit (1).
The issue digit is 0 on an account's first card and rises when the card is reissued; the account stays the same.
"""

NUMBER_DIGITS = 15
RANGE_DIGITS = 6
ACCOUNTS_MAX = 10_000_000
ISSUES_MAX = 10
ELIGIBLE_RANGE = "378282"

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def mint_number(account: int, *, card_range: str = ELIGIBLE_RANGE, issue: int = 0) -> str:
    """Give the test number of the n-th account (0 to 9,999,999) of a range."""
    if not 0 <= account < ACCOUNTS_MAX or not 0 <= issue < ISSUES_MAX:
        raise ValueError(f"An account is 0 to {ACCOUNTS_MAX - 1} and an issue 0 to {ISSUES_MAX - 1}.")
    body = f"{card_range}{account:07d}{issue}"
    return body + str(luhn_check_digit(body))


def luhn_check_digit(body: str) -> int:
    """Give the digit that makes `body` plus that digit pass the Luhn check (ISO/IEC 7812-1, annex B)."""
    digits = [int(digit) for digit in reversed(body)]
    return -(sum(_DOUBLED[digit] for digit in digits[::2]) + sum(digits[1::2])) % 10


def is_valid_number(number: str) -> bool:
    """Say whether it is 15 ASCII digits that pass the Luhn check."""
    shaped = len(number) == NUMBER_DIGITS and number.isascii() and number.isdigit()
    return shaped and luhn_check_digit(number[:-1]) == int(number[-1])


def account_of(number: str) -> str:
    """Give range and account: what stays the same when a card is reissued."""
    return number[:13]
