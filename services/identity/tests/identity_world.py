"""A small world for identity's tests: made-up people, networks and cards that answer as told."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from identity.domain.authorization import OAuthApp
from identity.domain.card import CardFacts, CardProduct
from identity.domain.contact import ContactDetails
from identity.domain.link import Account, Link
from identity.usecases.attach_card import CardToAttach, attach_card
from identity.usecases.complete_link import Return, complete_link
from identity.usecases.ports import Grant, Transactions
from identity.usecases.read_links import batch_get_links
from identity.usecases.start_link import LinkWish, StartedLink, start_link
from kernel.ids import CardToken, LinkId, Network, NetworkUserId, X
from kernel.refusals import Refusal
from kernel.secret import Secret

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BROWSER = "a" * 64
OTHER_BROWSER = "b" * 64
ANN = Account(network_user_id=NetworkUserId("42"), handle="Ann", protected=False)
ANN_CONTACT = ContactDetails(name="Ann Example", email="ann@example.com", language="en")
CARD = CardFacts(
    card_token=CardToken("tok_1"),
    brand="amex",
    product=CardProduct.CONSUMER_CREDIT,
    country="US",
    last4="0005",
    account_reference="account-1",
    billing_country="US",
    billing_region="NY",
)
APPS = {
    X: OAuthApp(
        authorize_url="https://x.example/authorize",
        client_id="client",
        redirect_uri="https://sync.example/callback",
        scopes=("users.read",),
    )
}


@dataclass(slots=True)
class ToldNetwork:
    """A network that answers as the test told it, and remembers what was withdrawn."""

    answer: Grant | Refusal = field(default_factory=lambda: Grant(account=ANN, token=Secret("refresh")))
    reachable: bool = True
    withdrawn: list[str] = field(default_factory=list)

    async def redeem(self, *, code: Secret[str], verifier: Secret[str]) -> Grant | Refusal:
        assert code.reveal()
        assert verifier.reveal()
        return self.answer

    async def withdraw(self, token: Secret[str]) -> bool:
        if self.reachable:
            self.withdrawn.append(token.reveal())
        return self.reachable


@dataclass(slots=True)
class ToldCards:
    """Payments that answers as the test told it."""

    answer: CardFacts | Refusal = CARD

    async def describe(self, *, card_session_id: str, browser_session: str) -> CardFacts | Refusal:
        assert card_session_id
        assert browser_session
        return self.answer


@dataclass(slots=True)
class World:
    """Identity's transactions with the network and payments around them."""

    transactions: Transactions
    network: ToldNetwork = field(default_factory=ToldNetwork)
    cards: ToldCards = field(default_factory=ToldCards)

    async def start(self, *, contact: ContactDetails = ANN_CONTACT, network: str = "x") -> StartedLink | Refusal:
        wish = LinkWish(network=Network(network), browser_session=BROWSER, contact=contact, terms_version="1")
        return await start_link(wish, transactions=self.transactions, apps=APPS)

    async def come_back(self, started: StartedLink, *, browser: str = BROWSER) -> Link | Refusal:
        came_back = Return(state=state_of(started), code=Secret("code"), browser_session=browser)
        return await complete_link(came_back, transactions=self.transactions, networks={X: self.network})

    async def attach(self, link_id: LinkId, *, browser: str = BROWSER) -> Link | Refusal:
        wanted = CardToAttach(link_id=link_id, browser_session=browser, card_session_id="session")
        return await attach_card(wanted, transactions=self.transactions, cards=self.cards, programme_country="US")

    async def linked(self, account: Account = ANN, card: CardFacts = CARD) -> Link:
        """Bring a link all the way to ACTIVE."""
        self.network.answer, self.cards.answer = Grant(account=account, token=Secret("refresh")), card
        started = await self.start()
        assert isinstance(started, StartedLink)
        await self.come_back(started)
        link = await self.attach(started.link_id)
        assert isinstance(link, Link)
        return link


def state_of(started: StartedLink) -> str:
    """Read the state out of the address the browser is sent to."""
    return started.authorize_url.split("state=")[1].split("&")[0]


def card(**changes: object) -> CardFacts:
    """Give the usual card with changes."""
    return replace(CARD, **changes)  # type: ignore[arg-type] # the test names fields of CardFacts


ANN_ON_X = (X, ANN.network_user_id)
ANN_UUID = UUID(int=7)
"""Names nothing: no link and no cardmember has it."""


async def started(world: World) -> StartedLink:
    """Start a link, which must succeed."""
    outcome = await world.start()
    assert isinstance(outcome, StartedLink)
    return outcome


async def speaking(world: World) -> Link | Refusal:
    """Read the link that speaks for Ann's account."""
    return (await batch_get_links([ANN_ON_X], transactions=world.transactions))[0]


def reason_of(outcome: object) -> str:
    """Give the reason of what must be a refusal."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason
