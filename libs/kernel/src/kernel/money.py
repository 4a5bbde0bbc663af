"""Money: an integer count of minor units and an ISO 4217 code; never a float."""

import re
from dataclasses import dataclass


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met; a bug, never a cardmember's mistake."""


@dataclass(frozen=True, slots=True, kw_only=True, order=False)
class Money:
    """An amount in minor units (cents for USD) of one currency (ISO 4217, upper case)."""

    amount_minor: int
    currency_code: str

    def __add__(self, other: "Money") -> "Money":
        return Money(amount_minor=self.amount_minor + self._same(other), currency_code=self.currency_code)

    def __sub__(self, other: "Money") -> "Money":
        return Money(amount_minor=self.amount_minor - self._same(other), currency_code=self.currency_code)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same(other)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same(other)

    def __str__(self) -> str:
        """Print the amount as people write it: $149.99, or 149.99 EUR for a currency without a sign here."""
        sign = _SIGNS.get(self.currency_code)
        exponent = _EXPONENTS.get(self.currency_code, 2)
        whole, part = divmod(abs(self.amount_minor), 10**exponent)
        number = f"{whole:,}" + (f".{part:0{exponent}d}" if exponent else "")
        minus = "-" if self.amount_minor < 0 else ""
        return f"{minus}{sign}{number}" if sign else f"{minus}{number} {self.currency_code}"

    def share(self, basis_points: int) -> "Money":
        """Take a share in basis points (1/10,000), halves rounded up, e.g. a tax rate of 8.875 % is 887.5 → 888."""
        minor = (self.amount_minor * basis_points + 5_000) // 10_000
        return Money(amount_minor=minor, currency_code=self.currency_code)

    def _same(self, other: "Money") -> int:
        if self.currency_code != other.currency_code:
            raise CurrencyMismatchError(f"{self.currency_code} met {other.currency_code}")
        return other.amount_minor


def read_amount(text: str) -> Money | None:
    """Read an amount as files and people write it, "149.99 USD"; None for any other form or count of decimals."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    whole, part, code = match[1].replace(",", ""), match[2] or "", match[3]
    exponent = _EXPONENTS.get(code, 2)
    if len(part) not in {0, exponent}:
        return None
    return Money(amount_minor=int(whole + part.ljust(exponent, "0")), currency_code=code)


_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,13})(?:\.(\d+))? ([A-Z]{3})", re.ASCII)
_SIGNS = {"USD": "$", "GBP": "£", "EUR": "€"}
_EXPONENTS = {"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}
