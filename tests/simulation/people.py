"""People and offers: who lives in a seed's world, with which card, and what is for sale."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp
from tests.simulation.calls import SimStub, request_context
from tests.simulation.processor import CardKind
from tests.simulation.stage import BEGINNING
from tests.simulation.x_posts import Account

from hashtill.common.v1 import money_pb2, request_context_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from identity.domain.contact import Cardmember, ContactDetails
from identity.domain.events import facts_of
from identity.domain.link import Link, LinkStatus
from kernel.ids import CardmemberId, CardToken, LinkId, NetworkUserId, X
from kernel.secret import Secret
from payments.domain.card import CardProduct, IssuerFacts, KnownCard, PostalAddress, VaultCard

if TYPE_CHECKING:
    from tests.simulation.world import World

MERCHANT = "acme"
GOODS, DIGITAL, RARE, ENDING = "BuyKindle", "BuySong", "BuyLast", "BuySoonOver"
STOCKS = {GOODS: 500, DIGITAL: 500, RARE: 2, ENDING: 50}
ENDING_AFTER = timedelta(minutes=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account, and, when `linked`, a card that behaves as `card` says."""

    account: Account
    card: CardKind
    linked: bool = True

    @property
    def cardmember_id(self) -> CardmemberId:
        """Their id at identity."""
        return CardmemberId(_id("member", self.account.user_id))

    @property
    def link_id(self) -> LinkId:
        """Their link's id."""
        return LinkId(_id("link", self.account.user_id))

    @property
    def card_token(self) -> CardToken:
        """Their card at payments."""
        return CardToken(f"tok_{self.account.user_id}")

    @property
    def email(self) -> str:
        """Where their mail goes."""
        return f"{self.account.handle}@mail.example"


async def offer_all(world: "World") -> None:
    """Have the merchant's offers published, by the calls that a merchant makes."""
    offers = SimStub(world.suite.switchboard, "offers", caller=None)
    context = request_context_pb2.RequestContext
    merchant = merchant_pb2.Merchant(merchant_id=MERCHANT, display_name="Acme", support_email="help@acme.example")
    await offers.UpdateMerchant(
        pb.UpdateMerchantRequest(merchant=merchant, allow_missing=True, context=context(**request_context("merchant")))
    )
    for tag, stock in STOCKS.items():
        made, shown = (context(**request_context(f"{tag} {what}")) for what in ("create", "publish"))
        await offers.CreateOffer(pb.CreateOfferRequest(offer=_offer(tag, stock), context=made))
        await offers.PublishOffer(pb.PublishOfferRequest(offer_id=tag.lower(), context=shown))


async def link_all(world: "World", people: Sequence[Person]) -> None:
    """Write the links and cards of those who have one, and tell of them, as linking would have."""
    linked = [person for person in people if person.linked]
    identity, payments = world.identity.database, world.payments.database
    async with identity.inner.begin() as unit:
        for person in linked:
            await unit.links.add(_link(person))
            await unit.cardmembers.upsert(_cardmember(person), at=unit.at)
        await unit.outbox.add(facts_of(*(_link(person) for person in linked), at=unit.at))
    identity.committed()
    async with payments.inner.begin() as unit:
        for person in linked:
            await unit.cards.add(_card(person))


def _link(person: Person) -> Link:
    return Link(
        link_id=person.link_id,
        network=X,
        browser_session="browser",
        contact=_contact(person),
        terms_version="1",
        consented_at=BEGINNING,
        updated_at=BEGINNING,
        linked_at=BEGINNING,
        status=LinkStatus.ACTIVE,
        version=3,
        cardmember_id=person.cardmember_id,
        network_user_id=NetworkUserId(person.account.user_id),
        handle=person.account.handle,
        card_token=person.card_token,
        card_last4="1005",
        ship_to_country="US",
        ship_to_region="NY",
    )


def _cardmember(person: Person) -> Cardmember:
    return Cardmember(
        cardmember_id=person.cardmember_id, account_reference=f"acct-{person.account.user_id}", contact=_contact(person)
    )


def _contact(person: Person) -> ContactDetails:
    return ContactDetails(name=person.account.handle, email=person.email, language="en")


def _card(person: Person) -> VaultCard:
    facts = IssuerFacts(
        brand="amex",
        product=CardProduct.CONSUMER_CREDIT,
        country="US",
        last4="1005",
        account_reference=f"acct-{person.account.user_id}",
    )
    address = PostalAddress(
        name=person.account.handle,
        lines=("1 Main St",),
        city="Troy",
        region="NY",
        postal_code="12180",
        country_code="US",
    )
    known = KnownCard(
        card_token=person.card_token, facts=facts, billing_country="US", billing_region="NY", entered_at=BEGINNING
    )
    token = Secret(f"{person.card}|{person.account.user_id}")
    return VaultCard(known=known, processor_token=token, billing=Secret(address), fingerprint=b"")


def _offer(tag: str, stock: int) -> offer_pb2.Offer:
    ends_at = BEGINNING + (ENDING_AFTER if tag == ENDING else timedelta(days=5))
    return offer_pb2.Offer(
        offer_id=tag.lower(),
        merchant_id=MERCHANT,
        kind=offer_pb2.OFFER_KIND_PURCHASE,
        tag=tag,
        title=f"The thing of {tag}",
        price=money_pb2.Money(amount_minor=149_99, currency_code="USD"),
        tax_rule=offer_pb2.TaxRule(region_basis_points={"NY": 887}),
        stock=offer_pb2.Stock(total=stock),
        per_member_limit=9,
        window=offer_pb2.Window(
            starts_at=_moment(-timedelta(days=1)),
            ends_at=Timestamp(seconds=int(ends_at.timestamp())),
            time_zone="America/New_York",
        ),
        channels=["x"],
        fulfilment=offer_pb2.FULFILMENT_DIGITAL if tag == DIGITAL else offer_pb2.FULFILMENT_GOODS,
        ship_to_countries=["US"],
        terms_url="https://acme.example/terms",
    )


def _moment(after: timedelta) -> Timestamp:
    return Timestamp(seconds=int((BEGINNING + after).timestamp()))


def _id(kind: str, name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{name}")
