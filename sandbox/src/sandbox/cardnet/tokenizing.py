"""Verify a card and exchange it for a token: Luhn, range, expiry, CVV and billing postal code."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.cardnet.card_numbers import is_valid_number
from sandbox.cardnet.card_ranges import CardRange, Product, range_of
from sandbox.cardnet.errors import card_problem
from sandbox.cardnet.requests import TokenRequest
from sandbox.cardnet.tokens import Card, Number, TokenSealer

CVV_DIGITS = 4
CVV_THAT_NEVER_MATCHES = "2222"
POSTAL_CODE_THAT_NEVER_MATCHES = "00000"
MONTHS = 12
YEARS_AHEAD_MAX = 20  # issuers print no later expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The answer: what a merchant may know about a card."""

    token: str
    brand: str
    last4: str
    product: Product
    country: str
    account_reference: str
    exp_month: int
    exp_year: int
    address_check: str
    object: str = "token"


def tokenize(request: TokenRequest, *, sealer: TokenSealer, at: datetime) -> Token:
    """Check the card and seal it; each "no" is a 402 with its code."""
    card = Card(
        number=Number(request.number),
        exp_month=request.exp_month,
        exp_year=request.exp_year,
        card_range=_supported_range(request.number),
    )
    _check_expiry(card, at=at)
    _check_cvv(request.cvv)
    return Token(
        token=sealer.seal(card),
        brand="amex",
        last4=card.last4,
        product=card.card_range.product,
        country=card.card_range.country,
        account_reference=sealer.account_reference(card.number),
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        address_check="fail" if request.postal_code == POSTAL_CODE_THAT_NEVER_MATCHES else "pass",
    )


def _supported_range(number: str) -> CardRange:
    card_range = range_of(number)
    if not number.isascii() or not number.isdigit():
        raise card_problem("invalid_number", "The card number must be digits only.", param="number")
    if not is_valid_number(number) and (card_range is not None or number.startswith(("34", "37"))):
        raise card_problem(
            "invalid_number", "The card number is mistyped: 15 digits with a check digit.", param="number"
        )
    if card_range is None:
        raise card_problem("card_not_supported", "This network does not serve cards of that range.", param="number")
    return card_range


def _check_expiry(card: Card, *, at: datetime) -> None:
    if not 1 <= card.exp_month <= MONTHS:
        raise card_problem("invalid_expiry_month", "The expiry month is 1 to 12.", param="exp_month")
    if card.is_expired(at=at):
        raise card_problem("expired_card", "The card has expired.", param="exp_year")
    if card.exp_year > at.year + YEARS_AHEAD_MAX:
        raise card_problem("invalid_expiry_year", "The expiry year is written with four digits.", param="exp_year")


def _check_cvv(cvv: str) -> None:
    shaped = len(cvv) == CVV_DIGITS and cvv.isascii() and cvv.isdigit()
    if not shaped or cvv == CVV_THAT_NEVER_MATCHES:
        raise card_problem("incorrect_cvv", "The four digits printed above the card number do not match.", param="cvv")
