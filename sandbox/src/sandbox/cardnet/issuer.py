"""The issuer: opens tokens, knows how each test card behaves, and performs one request on the book."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sandbox.cardnet.book import Account, Book
from sandbox.cardnet.card_ranges import Behaviour
from sandbox.cardnet.errors import not_found
from sandbox.cardnet.records import Authorization, Capture, Refund
from sandbox.cardnet.requests import (
    AnyRequest,
    AuthorizationRequest,
    CaptureRequest,
    RefundRequest,
    TokenRequest,
    VoidRequest,
)
from sandbox.cardnet.tokenizing import Token, tokenize
from sandbox.cardnet.tokens import Card, TokenSealer

Record = Token | Authorization | Capture | Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """How long holds live: everybody's, and the lapsing test card's."""

    usual: timedelta
    lapsing: timedelta


class Issuer:
    """Decides by card, and keeps the outcome in the book."""

    def __init__(self, *, book: Book, sealer: TokenSealer, holds: Holds) -> None:
        self.book = book
        self._sealer = sealer
        self._holds = holds

    def behaviour(self, request: AnyRequest) -> Behaviour | None:
        """Say how the card behind an authorization or a capture behaves."""
        match request:
            case AuthorizationRequest():
                card = self._sealer.open(request.token)
                return card.card_range.behaviour if card else None
            case CaptureRequest():
                return self.book.behaviour(request.authorization)
            case TokenRequest() | VoidRequest() | RefundRequest():
                return None
            case _:
                assert_never(request)

    def perform(self, request: AnyRequest, *, forced_decline: bool, at: datetime) -> Record:
        """Do what is asked; a ProblemError is the network's final "no" to it."""
        match request:
            case TokenRequest():
                return tokenize(request, sealer=self._sealer, at=at)
            case AuthorizationRequest():
                return self._authorize(request, forced_decline=forced_decline, at=at)
            case CaptureRequest():
                declined = forced_decline or self.behaviour(request) is Behaviour.DECLINED_AT_CAPTURE
                return self.book.capture(request, decline_code="do_not_honor" if declined else None, at=at)
            case VoidRequest():
                return self.book.void(request, at=at)
            case RefundRequest():
                return self.book.refund(request, at=at)
            case _:
                assert_never(request)

    def card(self, token: str) -> Card:
        """Open a token, or 404."""
        card = self._sealer.open(token)
        if card is None:
            raise not_found("token_not_found", "There is no such token.", param="token")
        return card

    def account_reference(self, card: Card) -> str:
        """Give the account a card belongs to."""
        return self._sealer.account_reference(card.number)

    def _authorize(self, request: AuthorizationRequest, *, forced_decline: bool, at: datetime) -> Authorization:
        card = self.card(request.token)
        behaviour = card.card_range.behaviour
        return self.book.authorize(
            request,
            account=Account(account_reference=self.account_reference(card), last4=card.last4, behaviour=behaviour),
            hold=self._holds.lapsing if behaviour is Behaviour.LAPSES else self._holds.usual,
            decline_code=_decline_code(card, forced=forced_decline, at=at),
            at=at,
        )


def _decline_code(card: Card, *, forced: bool, at: datetime) -> str | None:
    if card.card_range.behaviour is Behaviour.DECLINED:
        return "insufficient_funds"
    if card.is_expired(at=at):
        return "expired_card"
    return "do_not_honor" if forced else None
