"""Peers that keep what they are told, for orders' tests, and the words they speak in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from kernel.ids import CardmemberId, CardToken, ChargeId, LinkId, MerchantId, Network, NetworkUserId, OfferId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from orders.domain.charging import ChargeSeen, ChargeState
from orders.domain.order import Order, Terms
from orders.domain.purchasing import NOT_LINKED, Link, LinkStatus
from orders.usecases.ports import Account, ShipTo

ACME = MerchantId("acme-electronics")


class Peer:
    """A peer that can be away, or answer only by its events."""

    def __init__(self) -> None:
        self.away = False
        self.calls: list[str] = []

    def called(self, name: str) -> None:
        self.calls.append(name)
        if self.away:
            raise ConnectionError("away")


class LinksKept(Peer):
    def __init__(self) -> None:
        super().__init__()
        self.links: dict[Account, Link] = {}

    async def of_accounts(self, accounts: Sequence[Account]) -> dict[Account, Link]:
        self.called("of_accounts")
        return {account: self.links.get(account, NOT_LINKED) for account in accounts}


class StockKept(Peer):
    """Offers with units; a hold is HELD, COMMITTED or RELEASED."""

    def __init__(self) -> None:
        super().__init__()
        self.units, self.digital = 1_000_000, False
        self.holds: dict[OrderId, str] = {}
        self.answers_nothing = False

    async def hold(self, orders: Sequence[Order]) -> dict[OrderId, Terms | Refusal]:
        self.called("hold")
        return {} if self.answers_nothing else {order.order_id: self._hold(order) for order in orders}

    async def commit(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        self.called("commit")
        return {order.order_id: self._commit(order) for order in orders}

    async def release(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        self.called("release")
        for order in orders:
            self.units += self.holds.get(order.order_id, "RELEASED") != "RELEASED"
            self.holds[order.order_id] = "RELEASED"
        return {order.order_id: None for order in orders}

    def _hold(self, order: Order) -> Terms | Refusal:
        if order.order_id not in self.holds:
            if self.units == 0:
                return no("SOLD_OUT")
            self.units -= 1
            self.holds[order.order_id] = "HELD"
        return terms(digital=self.digital) if self.holds[order.order_id] == "HELD" else no("HOLD_RELEASED")

    def _commit(self, order: Order) -> Refusal | None:
        if self.holds[order.order_id] == "RELEASED":
            return no("HOLD_LAPSED")
        self.holds[order.order_id] = "COMMITTED"
        return None


class ChargesKept(Peer):
    """Payments; `says` scripts the state the next authorization of an order answers with."""

    def __init__(self) -> None:
        super().__init__()
        self.charges: dict[tuple[OrderId, int], ChargeSeen] = {}
        self.authorizes_as = ChargeState.AUTHORIZED
        self.captures_as = self.after_capture = ChargeState.CAPTURED
        self.refusal: Refusal | None = None
        self.loses_answers = self.loses_questions = False

    async def authorize(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("authorize")
        return {order.order_id: self._authorize(order) for order in orders}

    async def ask(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("ask")
        told = () if self.loses_questions else orders
        return {order.order_id: self.charges.get(_key(order), no("CHARGE_NOT_FOUND")) for order in told}

    async def capture(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("capture")
        return {order.order_id: self._capture(order) for order in orders}

    async def void(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("void")
        return {order.order_id: self.refusal or self.set(order, ChargeState.VOIDED) for order in orders}

    async def refund(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("refund")
        return {order.order_id: self.refusal or self._refund(order) for order in orders}

    def set(self, order: Order, state: ChargeState) -> ChargeSeen:
        seen = self.charges[_key(order)] = replace(self.charges[_key(order)], state=state)
        return seen

    def live(self, order_id: OrderId) -> int:
        live = {ChargeState.AUTHORIZED, ChargeState.CAPTURED}
        return sum(seen.state in live for (of_order, _), seen in self.charges.items() if of_order == order_id)

    def _authorize(self, order: Order) -> ChargeSeen | Refusal:
        if self.refusal is not None:
            return self.refusal
        seen = self.charges.setdefault(_key(order), _charge(order, self.authorizes_as))
        return replace(seen, state=ChargeState.PENDING) if self.loses_answers else seen

    def _capture(self, order: Order) -> ChargeSeen | Refusal:
        if self.charges[_key(order)].state is not ChargeState.AUTHORIZED:
            return no("CHARGE_NOT_AUTHORIZED")
        captured, self.captures_as = self.set(order, self.captures_as), self.after_capture
        return captured

    def _refund(self, order: Order) -> ChargeSeen:
        given = order.refund.refunded_minor + order.refund.asked_minor
        seen = self.charges[_key(order)] = replace(self.charges[_key(order)], refunded_minor=given)
        return seen


class AddressesKept:
    async def of_cards(self, tokens: Sequence[CardToken]) -> dict[CardToken, ShipTo]:
        return dict.fromkeys(tokens, SHIP_TO)


class Backlog:
    """A consumer of posts, or of what became of replies."""

    def __init__(self) -> None:
        self.waiting = 0
        self.in_flight = False

    async def pending(self) -> int:
        return self.waiting

    async def certain(self, _network: Network, least: datetime | None) -> datetime | None:
        return None if self.in_flight else least


def usd(minor: int) -> Money:
    return Money(amount_minor=minor, currency_code="USD")


def terms(*, digital: bool = False) -> Terms:
    return Terms(
        offer_id=OfferId("kindle-fire-hd"),
        merchant_id=ACME,
        merchant_name="Acme Electronics",
        title="Kindle Fire HD",
        price=usd(14_999),
        tax=usd(1_331),
        shipping=usd(0),
        total=usd(16_330),
        digital=digital,
    )


def link_of(author: NetworkUserId) -> Link:
    return Link(
        status=LinkStatus.ACTIVE,
        link_id=LinkId(uuid5(UUID(int=1), author)),
        cardmember_id=CardmemberId(uuid5(UUID(int=2), author)),
        card_token=CardToken(f"tok_{author}"),
        ship_to_country="US",
        ship_to_region="NY",
        language="en",
    )


def no(reason: str) -> Refusal:
    return Refusal(kind=RefusalKind.PRECONDITION, reason=reason, message=f"No: {reason}.")


SHIP_TO = ShipTo(
    name="Ann Example",
    lines=("200 Vesey Street",),
    city="New York",
    region="NY",
    postal_code="10285",
    country_code="US",
)


def _key(order: Order) -> tuple[OrderId, int]:
    return order.order_id, order.charge.attempt


def _charge(order: Order, state: ChargeState) -> ChargeSeen:
    charge_id = ChargeId(uuid5(order.order_id, str(order.charge.attempt)))
    declined = state is ChargeState.DECLINED
    return ChargeSeen(
        charge_id=charge_id,
        attempt=order.charge.attempt,
        state=state,
        card_last4="1006",
        decline_code="insufficient_funds" if declined else "",
    )
