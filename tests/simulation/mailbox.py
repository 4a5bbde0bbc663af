"""The mail server and its mailbox: takes a mail, may refuse it for now, may take it and not say so."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.simulation.chance import Fault
from tests.simulation.stage import Life, Stage

from notifier.domain.delivery import Delivery
from notifier.outbound.composing import TemplateComposer
from notifier.usecases.ports import Mail, NotMailed, Recipient

TIMEOUT_SECONDS = 10.0


@dataclass(slots=True)
class Mailbox:
    """Everybody's mail."""

    stage: Stage
    mails: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Address, Message-ID and what the mail says, by name."""

    def take(self, mail: Mail) -> None:
        """Take a mail."""
        says = dict(line.partition("=")[::2] for line in mail.content.decode().splitlines())
        self.mails.append((mail.to, mail.message_id, says))
        self.stage.tell("mail", f"{mail.to} gets {says['purpose']} {mail.message_id[1:10]}")
        self.stage.happened("mail", says["order_id"])

    def find(self, to: str, purpose: str, order_id: str) -> dict[str, str] | None:
        """Find a mail about an order."""
        mails = (says for address, _, says in self.mails if address == to)
        return next((says for says in mails if (says["purpose"], says["order_id"]) == (purpose, order_id)), None)


class SimMailer:
    """The mail server for one life of the notifier."""

    def __init__(self, life: Life, mailbox: Mailbox) -> None:
        self._life, self._mailbox = life, mailbox

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        """Hand mails over."""
        await self._life.step("mails")
        outcomes = [self._sent(mail) for mail in mails]
        if any(each is not None and each.reason == "MAIL_SERVER_SILENT" for each in outcomes):
            await asyncio.sleep(TIMEOUT_SECONDS)
        await self._life.step("mailed")
        return outcomes

    def _sent(self, mail: Mail) -> NotMailed | None:
        strikes = self._life.stage.weather.strikes
        if strikes(Fault.MAIL_REFUSED, mail.message_id[1:10]):
            return NotMailed(reason="MAIL_SERVER_BUSY", for_good=False)
        self._mailbox.take(mail)
        if strikes(Fault.MAIL_ANSWER_LOST, mail.message_id[1:10]):
            return NotMailed(reason="MAIL_SERVER_SILENT", for_good=False)
        return None


class SimComposer(TemplateComposer):
    """Posts from the real templates; mails as plain lines with the real signed addresses, without MJML's cost."""

    def mail(self, delivery: Delivery, recipient: Recipient) -> Mail:
        """Write a mail."""
        says = {
            **self._addresses(delivery),
            "purpose": delivery.purpose.value,
            "template": delivery.template,
            "order_id": str(delivery.order_id or ""),
        }
        content = "\n".join(f"{name}={value}" for name, value in says.items())
        message_id = f"<{delivery.delivery_id}@{self._domain}>"
        return Mail(to=recipient.email, message_id=message_id, content=content.encode())
