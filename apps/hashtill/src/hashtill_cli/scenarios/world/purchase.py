"""A purchase: one member, one offer, one post, and everything that can be asked about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hashtill.orders.v1 import order_pb2, orders_service_pb2
from hashtill_cli.scenarios.waiting import must
from hashtill_cli.scenarios.world.campaign import Offer
from hashtill_cli.scenarios.world.card_network import Authorization, CardNetwork
from hashtill_cli.scenarios.world.mailbox import Mailbox, OpenedMail
from hashtill_cli.scenarios.world.member import Member
from hashtill_cli.scenarios.world.seen_post import SeenPost
from hashtill_cli.scenarios.world.services import Services, Stock, order_id, state_name
from hashtill_cli.scenarios.world.x import X

PROMPT_MAIL = "Confirm "
RECEIPT_MAIL = "Your receipt"
SHIPPED_MAIL = "is on its way"
TAKEN_BACK_MAIL = "taken back"
REFUND_MAIL = "Refund for"
DECLINED_MAIL = "was declined"
EXPIRED_MAIL = "was not confirmed in time"
"""Parts of the subjects people know mails by."""

MAILS = (PROMPT_MAIL, RECEIPT_MAIL, SHIPPED_MAIL, TAKEN_BACK_MAIL, REFUND_MAIL, DECLINED_MAIL, EXPIRED_MAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What somebody began by a post."""

    member: Member
    offer: Offer
    post_id: str
    x: X
    mailbox: Mailbox
    card_network: CardNetwork
    services: Services

    @property
    def order_id(self) -> str:
        """Name the order, whether there is one or not."""
        return order_id(self.post_id)

    async def prompt(self) -> SeenPost:
        """Wait for the program's reply. Raises NeverHappenedError."""
        return await self.x.answer_to(self.post_id)

    async def until(self, *states: str) -> order_pb2.Order:
        """Wait until the order is in one of these states. Raises NeverHappenedError."""
        order = await must(
            lambda: self.services.order(self.post_id),
            lambda found: found is not None and state_name(found.state) in states,
            what=f"order {self.order_id} being {' or '.join(states)}",
        )
        if order is None:
            raise LookupError(self.order_id)
        return order

    async def story_beyond(self, steps: int) -> orders_service_pb2.ExplainOrderResponse:
        """Wait until the order's story has more than so many steps. Raises NeverHappenedError."""
        story = await must(
            lambda: self.services.explain(self.post_id),
            lambda found: found is not None and len(found.steps) > steps,
            what=f"a step after the first {steps} of order {self.order_id}",
        )
        if story is None:
            raise LookupError(self.order_id)
        return story

    async def mail(self, subject: str) -> OpenedMail:
        """Wait for a mail and read it. Raises NeverHappenedError."""
        return await self.mailbox.open(await self.mailbox.next_mail(self.member.email, subject=subject))

    async def state(self) -> str:
        """Say where the order stands."""
        return await self.services.state(self.post_id)

    async def stock(self) -> Stock:
        """Give the offer's stock: available, held, committed."""
        return await self.services.stock(self.offer.offer_id)

    async def charges(self) -> Sequence[Authorization]:
        """Give what the card network has of it."""
        return await self.card_network.authorizations(self.order_id, last4=self.member.card.last4)

    async def ledger(self) -> Sequence[tuple[str, int]]:
        """Give what payments' ledger has of it."""
        return await self.services.ledger(self.post_id)

    async def mails(self) -> Mapping[str, int]:
        """Count the mails about purchases that the member got, by what they are; repeats count too."""
        found = await self.mailbox.mails(self.member.email)
        counts = {subject: sum(each.arrivals for each in found if subject in each.subject) for subject in MAILS}
        return {subject: number for subject, number in counts.items() if number}
