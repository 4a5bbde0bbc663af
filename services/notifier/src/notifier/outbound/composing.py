"""Composing: a delivery's facts become the words that are sent, at most 280 in a post, text and HTML in a mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from kernel.ids import OrderId
from kernel.page_addresses import PageGrant, PagePurpose, sign_page
from kernel.secret import Secret
from notifier.domain.delivery import Delivery
from notifier.domain.weighted_length import POST_WEIGHT_MAX, shortened, weight_of
from notifier.outbound.html_mails import render_html
from notifier.outbound.mime import Letter, written
from notifier.outbound.templates import Templates
from notifier.usecases.ports import Mail, Recipient

PAGES_LAST = timedelta(days=30)
"""How long an order's page and "not me" open: as long as a shipment and its return may take."""

TITLE_WEIGHTS = (100, 60, 40, 25, 15)
"""A long title is cut step by step until the post fits; the tag and the price never are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Who speaks: the program's name, its mail address, and where its pages are."""

    name: str
    sender: str
    pages_url: str
    page_key: Secret[bytes]


class TemplateComposer:
    """Writes posts and mails from templates."""

    def __init__(self, templates: Templates, *, program: Program) -> None:
        self._templates, self._program = templates, program
        self._domain = program.sender.rpartition("@")[2]

    def post(self, delivery: Delivery) -> str | None:
        """Write a post or reply, with its title cut until it fits; None when its words are not to be had."""
        try:
            return self._post(delivery)
        except Exception as error:  # noqa: BLE001 - one that cannot be written must not hold up its batch-mates
            _tell(delivery, error)
            return None

    def mail(self, delivery: Delivery, recipient: Recipient) -> Mail | None:
        """Write a mail: text and HTML, its Message-ID the same however often it is tried; None as for a post."""
        try:
            return self._mail(delivery, recipient)
        except Exception as error:  # noqa: BLE001 - as above
            _tell(delivery, error)
            return None

    def _post(self, delivery: Delivery) -> str:
        name = f"posts/{delivery.template}.txt.j2"
        facts = {**delivery.facts, "program": self._program.name}
        for weight in TITLE_WEIGHTS:
            title = shortened(facts.get("title", ""), weight_max=weight)
            text = " ".join(self._templates.render(name, {**facts, "title": title}).split())
            if weight_of(text) <= POST_WEIGHT_MAX:
                return text
        return shortened(text, weight_max=POST_WEIGHT_MAX)

    def _mail(self, delivery: Delivery, recipient: Recipient) -> Mail:
        facts = {**delivery.facts, **self._addresses(delivery), "program": self._program.name, "name": recipient.name}
        subject, _, text = self._templates.render(f"mails/{delivery.template}.txt.j2", facts).partition("\n")
        html = render_html(self._templates, f"mails/{delivery.template}.mjml.j2", facts)
        message_id = f"<{delivery.delivery_id}@{self._domain}>"
        letter = Letter(
            sender_name=self._program.name,
            sender=self._program.sender,
            to_name=recipient.name,
            to=recipient.email,
            subject=subject.removeprefix("Subject:"),
            message_id=message_id,
            written_at=delivery.created_at,
            text=text.strip(),
            html=html,
            mark=delivery.delivery_id.hex,
        )
        return Mail(
            to=recipient.email, message_id=message_id, content=written(letter), traceparent=delivery.traceparent
        )

    def _addresses(self, delivery: Delivery) -> Mapping[str, str]:
        pages = self._program.pages_url
        shared = {"favorites_url": f"{pages}/favorites", "link_url": f"{pages}/link"}
        if delivery.order_id is None:
            return shared
        lasting = delivery.created_at + PAGES_LAST
        return shared | {
            "order_url": f"{pages}/order/{self._sign(delivery.order_id, PagePurpose.VIEW, lasting)}",
            "disown_url": f"{pages}/not-me/{self._sign(delivery.order_id, PagePurpose.DISOWN, lasting)}",
            "confirm_url": f"{pages}/confirm/{self._confirm(delivery, delivery.order_id)}",
        }

    def _confirm(self, delivery: Delivery, order_id: UUID) -> str:
        confirm_by = delivery.facts.get("confirm_by")
        ends_at = datetime.fromisoformat(confirm_by) if confirm_by else delivery.created_at
        return self._sign(order_id, PagePurpose.CONFIRM, ends_at + timedelta(seconds=1))

    def _sign(self, order_id: UUID, purpose: PagePurpose, ends_at: datetime) -> str:
        grant = PageGrant(order_id=OrderId(order_id), purpose=purpose, ends_at=ends_at)
        return sign_page(grant, key=self._program.page_key)


def _tell(delivery: Delivery, error: Exception) -> None:
    """Tell operators; what an error says may hold a name or an address, so only its class and the template are told."""
    structlog.get_logger().error(
        "delivery_not_written",
        delivery_id=str(delivery.delivery_id),
        template=delivery.template,
        cause=type(error).__name__,
    )
