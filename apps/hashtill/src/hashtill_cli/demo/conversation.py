"""One purchase told as a conversation: what people say on X, and what each service does about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp

from hashtill.orders.v1 import order_pb2
from hashtill_cli.demo.narrator import Narrator
from hashtill_cli.demo.steps import told_of
from hashtill_cli.scenarios.expecting import answers, ended
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.campaign import Offer
from hashtill_cli.scenarios.world.card_network import Authorization
from hashtill_cli.scenarios.world.mailbox import OpenedMail
from hashtill_cli.scenarios.world.member import Member
from hashtill_cli.scenarios.world.purchase import PROMPT_MAIL, RECEIPT_MAIL, SHIPPED_MAIL, Purchase
from hashtill_cli.scenarios.world.world import World
from hashtill_cli.suite.outside import PROGRAM_HANDLE

TAG = "BuyKindleFireHD"

OFFER = "kindle-fire-hd"

STOCK = 500

READING_SECONDS = 3.0
"""So long a person reads the prompt before answering."""

REGRETTING_SECONDS = 2.0
"""So long we watch the time to take it back; the rest goes by while the merchant packs."""

STEPS_MAX = 100
"""An order has a dozen steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The purchase, its order's page, and what must be true of it."""

    purchase: Purchase
    order_url: str
    expectations: Sequence[Expectation]


async def tell_purchase(world: World, narrator: Narrator, *, since_id: str) -> Told:
    """Tell it from the program's own post, the first after `since_id`, to the parcel."""
    narrator.begin()
    announced = await world.x.announcement_of(TAG, since_id=since_id)
    narrator.did("offers", f"publishes the programme of 2013: #{TAG} and four more")
    narrator.posted(PROGRAM_HANDLE, announced.text, service="notifier")
    member = await world.member("Mia")
    narrator.did("gateway", "shows Mia the pages: she allows us on X, enters a card, agrees to the terms")
    narrator.did("identity", f"links @{member.handle} and the card ending in {member.card.last4}")
    await world.listening_to(TAG)
    return await _Conversation(world, narrator, member).tell()


class _Conversation:
    def __init__(self, world: World, narrator: Narrator, member: Member) -> None:
        self._world, self._narrator, self._member = world, narrator, member
        self._steps_told = 0

    async def tell(self) -> Told:
        """Tell it from the cardmember's post on."""
        self._narrator.begin()
        purchase = await self._ask()
        answer = await self._confirm(purchase)
        order = await self._steps(purchase, until="ChargeAuthorized")
        receipt = await self._mail(purchase, RECEIPT_MAIL)
        await self._count_down("time to take it back:", order.remorse_ends_at, REGRETTING_SECONDS)
        order = await self._steps(purchase, until="ChargeCaptured")
        await self._mail(purchase, SHIPPED_MAIL)
        return Told(
            purchase=purchase,
            order_url=receipt.link("order"),
            expectations=_expectations(purchase, order.total.amount_minor, answer),
        )

    async def _ask(self) -> Purchase:
        words = f"This is what I have been waiting for! #{TAG}"
        post_id = await self._member.post(words)
        self._narrator.posted(self._member.handle, words)
        offer = Offer(offer_id=f"{OFFER}-{self._world.run}", tag=TAG, stock=STOCK)
        return self._world.bought(self._member, offer, post_id)

    async def _confirm(self, purchase: Purchase) -> str:
        prompt = await purchase.prompt()
        order = await self._steps(purchase, until="ReplyPosted")
        self._narrator.posted(PROGRAM_HANDLE, prompt.text, service="notifier")
        await self._mail(purchase, PROMPT_MAIL)
        await self._count_down("time to confirm:", order.confirm_by, READING_SECONDS)
        words = f"Yes! #{prompt.confirmation_tag}"
        answer = await self._member.reply(prompt.post_id, words)
        self._narrator.posted(self._member.handle, words)
        return answer

    async def _steps(self, purchase: Purchase, *, until: str) -> order_pb2.Order:
        """Tell each step of the order's log as it comes, until one with that cause."""
        for _ in range(STEPS_MAX):
            story = await purchase.story_beyond(self._steps_told)
            for step in story.steps[self._steps_told :]:
                self._narrator.did(*told_of(step, story.order))
                self._steps_told += 1
                if step.cause == until:
                    return story.order
        raise LookupError(f"{until} of order {purchase.order_id}")

    async def _mail(self, purchase: Purchase, subject: str) -> OpenedMail:
        mail = await purchase.mailbox.next_mail(purchase.member.email, subject=subject)
        self._narrator.mailed(purchase.member.email, mail.subject)
        return await purchase.mailbox.open(mail)

    async def _count_down(self, words: str, ends_at: Timestamp, seconds: float) -> None:
        await self._narrator.count_down(words, ends_at=ends_at.ToDatetime(UTC).timestamp(), seconds=seconds)


def _expectations(purchase: Purchase, total_minor: int, confirmation: str) -> Sequence[Expectation]:
    charged = Authorization(state="captured", amount_minor=total_minor, captured_minor=total_minor)
    mails = {PROMPT_MAIL: 1, RECEIPT_MAIL: 1, SHIPPED_MAIL: 1}
    ledger = ("AUTHORIZE", "CAPTURE")
    return [
        *ended(purchase, "COMPLETED", charges=[charged], ledger=ledger, mails=mails, amount_minor=total_minor),
        *(answers(purchase, post_id, number=1) for post_id in (purchase.post_id, confirmation)),
    ]
