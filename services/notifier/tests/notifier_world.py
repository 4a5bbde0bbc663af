"""A small world for the notifier's tests: news of made-up orders, and wires that answer as told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from kernel.ids import CardmemberId, Network, NetworkUserId, OfferId, OrderId, PostId, X
from kernel.secret import Secret
from notifier.domain.delivery import Delivery
from notifier.domain.news import (
    Cause,
    LinkNews,
    LinkNewsKind,
    OfferNews,
    OrderNews,
    OrderNewsKind,
    OrderView,
    RefusalNews,
)
from notifier.domain.quota import Quota
from notifier.outbound.composing import Program, TemplateComposer
from notifier.outbound.memory import at_once
from notifier.outbound.templates import Templates
from notifier.usecases.doubts import Doubts
from notifier.usecases.in_hand import InHand
from notifier.usecases.plan_deliveries import plan_deliveries
from notifier.usecases.ports import (
    Composer,
    DeliveryFilter,
    Mail,
    NotMailed,
    NotPosted,
    Patiently,
    PostAnswer,
    Posted,
    Recipient,
    Transactions,
)
from notifier.usecases.send_mails import Mailing, send_mails
from notifier.usecases.send_posts import Posting, send_posts

NOW = datetime.now(UTC) - timedelta(seconds=1)
ANN = CardmemberId(UUID(int=1))
EVERY = DeliveryFilter()
RECIPIENT = Recipient(cardmember_id=ANN, name="Ann Example", email="ann@example.com", language="en")
ORDER = OrderView(
    order_id=OrderId(UUID(int=9)),
    version=3,
    network=X,
    post_id=PostId("100"),
    author_id=NetworkUserId("42"),
    author_handle="Ann",
    cardmember_id=ANN,
    merchant="Acme Electronics",
    title="Kindle Fire HD",
    price="$149.99",
    tax="$13.31",
    shipping="$0.00",
    total="$163.30",
    refunded="$0.00",
    confirmation_tag="ok2345678b",
    confirming_post_id=PostId("300"),
    card_last4="0005",
    digital=False,
    remorse_ends_at=NOW + timedelta(minutes=30),
    deliver_by=NOW + timedelta(days=2),
    carrier="UPS",
    tracking_number="1Z999",
)


def cause(name: str = "one", *, at: datetime = NOW) -> Cause:
    return Cause(message_id=f"20261123-{name}", at=at)


def order_news(kind: OrderNewsKind, *, name: str = "", reason: str = "", order: OrderView = ORDER) -> OrderNews:
    late = kind is OrderNewsKind.CONFIRMATION_REFUSED
    return OrderNews(
        kind=kind,
        order=order,
        cause=cause(name or kind),
        reason=reason,
        answer_to=PostId("400") if late else None,
        confirm_window_seconds=900,
    )


def refusal(reason: str, *, post: str = "100", name: str = "", member: CardmemberId | None = ANN) -> RefusalNews:
    return RefusalNews(
        network=X,
        post_id=PostId(post),
        author_id=NetworkUserId("42"),
        author_handle="Ann",
        order_id=None,
        cardmember_id=member,
        tag="buykindlefirehd",
        reason=reason,
        cause=cause(name or f"{reason}-{post}"),
    )


def offer_news() -> OfferNews:
    return OfferNews(
        offer_id=OfferId("kindle"),
        network=X,
        tag="BuyKindleFireHD",
        title="Kindle Fire HD",
        price="$149.99",
        ends_at=NOW,
        time_zone="America/New_York",
        cause=cause("offer"),
    )


def link_news(kind: LinkNewsKind) -> LinkNews:
    return LinkNews(kind=kind, link_id="l", cardmember_id=ANN, network=Network("x"), reason="NOT_ME", cause=cause(kind))


NOWHERE = NotPosted(reason="NOT_FOUND")


@dataclass(slots=True)
class ToldNetwork:
    """X that answers as the test told it, and remembers what was posted."""

    answers: list[PostAnswer] = field(default_factory=list)
    found: Posted | NotPosted = NOWHERE
    posted: list[tuple[str, PostId | None]] = field(default_factory=list)
    looked: int = 0

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:
        if self.answers:
            answer = self.answers.pop(0)
            if not isinstance(answer.outcome, Posted):
                return answer
        self.posted.append((text, in_reply_to))
        return PostAnswer(outcome=Posted(post_id=PostId(f"9{len(self.posted)}"), posted_at=NOW))

    async def find(self, text: str, *, in_reply_to: PostId | None, since: datetime) -> Posted | NotPosted:
        assert text
        assert since.tzinfo is not None
        assert in_reply_to != ""
        self.looked += 1
        return self.found


@dataclass(slots=True)
class ToldMailer:
    """A mail server that answers as the test told it."""

    refusals: list[NotMailed] = field(default_factory=list)
    taken: list[Mail] = field(default_factory=list)

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        if self.refusals:
            return [self.refusals.pop(0) for _ in mails]
        self.taken.extend(mails)
        return [None for _ in mails]


@dataclass(slots=True)
class ToldPeers:
    """Identity and orders that answer as the test told them."""

    contacts: Mapping[CardmemberId, Recipient] = field(default_factory=lambda: {ANN: RECIPIENT})
    prompting: bool = True

    async def of(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Recipient]:
        return {each: self.contacts[each] for each in cardmember_ids if each in self.contacts}

    async def still_prompting(self, order_ids: Sequence[OrderId]) -> set[OrderId]:
        return set(order_ids) if self.prompting else set()


PROGRAM = Program(
    name="Amex Sync", sender="sync@program.example", pages_url="https://sync.example", page_key=Secret(b"k" * 32)
)


@dataclass(slots=True)
class World:
    """The notifier's transactions with the wires around them."""

    transactions: Transactions
    network: ToldNetwork = field(default_factory=ToldNetwork)
    mailer: ToldMailer = field(default_factory=ToldMailer)
    peers: ToldPeers = field(default_factory=ToldPeers)
    composer: Composer = field(default_factory=lambda: TemplateComposer(Templates(), program=PROGRAM))
    patiently: Patiently = at_once
    in_hand: InHand = field(default_factory=InHand)
    doubts: Doubts | None = None
    """None for a process that was started between any two sendings."""

    async def hear(self, *news: OrderNews | RefusalNews | OfferNews | LinkNews) -> Sequence[Delivery]:
        return await plan_deliveries(news, consumer="test", transactions=self.transactions)

    async def send_posts(self) -> int:
        posting = Posting(
            networks={X: self.network},
            composer=self.composer,
            orders=self.peers,
            contacts=self.peers,
            doubts=self.doubts or Doubts(),
            in_hand=self.in_hand,
        )
        return await send_posts(transactions=self.transactions, posting=posting, patiently=self.patiently)

    async def send_mails(self) -> int:
        mailing = Mailing(contacts=self.peers, composer=self.composer, mailer=self.mailer, in_hand=self.in_hand)
        return await send_mails(transactions=self.transactions, mailing=mailing, patiently=self.patiently)

    async def all(self) -> Sequence[Delivery]:
        async with self.transactions.begin() as unit:
            return await unit.deliveries.page(EVERY, after=None, limit=200)

    async def one(self) -> Delivery:
        (only,) = await self.all()
        return only


def quota(*, remaining: int, limit: int = 100) -> Quota:
    return Quota(limit=limit, remaining=remaining, reset_at=datetime.now(UTC) + timedelta(minutes=10))


def named(recipient: Recipient, **changes: str | bool) -> Recipient:
    return replace(recipient, **changes)  # type: ignore[arg-type] # the test names fields of Recipient
