"""Plans what is said about each piece of news: which reply, which mail, or nothing. The one table of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from kernel.ids import Network, NetworkUserId, PostId
from notifier.domain.delivery import Channel, Delivery, Purpose, Urgency, delivery_id_of
from notifier.domain.news import Cause, LinkNews, News, OfferNews, OrderNews, OrderNewsKind, OrderView, RefusalNews
from notifier.domain.reasons import wording_of

RefusalKey = tuple[NetworkUserId, str, date]
"""Author, reason and day: other refusals are answered once for each."""

_BY_MAIL_ALONE = frozenset({"REPLY_NOT_POSSIBLE", "HOLD_LAPSED", "LINK_NOT_ACTIVE"})
"""Refusals whose post has its reply already, or cannot have one."""

_REPLIES = {
    OrderNewsKind.HELD: (Purpose.PROMPT, "prompt", Urgency.PROMPT),
    OrderNewsKind.CONFIRMATION_REFUSED: (Purpose.REFUSAL, "late", Urgency.VERDICT),
    OrderNewsKind.DECLINED: (Purpose.DECLINED, "declined", Urgency.VERDICT),
    OrderNewsKind.AUTHORIZED: (Purpose.RECEIPT, "receipt", Urgency.RECEIPT),
}
"""What is said in public about an order."""

_MAILS = {
    OrderNewsKind.EXPIRED: (Purpose.EXPIRED, "expired"),
    OrderNewsKind.DECLINED: (Purpose.DECLINED, "declined"),
    OrderNewsKind.AUTHORIZED: (Purpose.RECEIPT, "receipt"),
    OrderNewsKind.SHIPPED: (Purpose.SHIPPED, "shipped"),
    OrderNewsKind.COMPLETED: (Purpose.SHIPPED, "delivered"),
    OrderNewsKind.CANCELLED: (Purpose.TAKEN_BACK, "taken_back"),
    OrderNewsKind.VOIDED: (Purpose.TAKEN_BACK, "taken_back"),
    OrderNewsKind.REFUNDED: (Purpose.REFUNDED, "refunded"),
}
"""What is mailed about an order; a prompt's mail follows its reply (`prompt_mail`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whom a reply speaks to."""

    network: Network
    post_id: PostId
    author_id: NetworkUserId
    handle: str


def plan(news: News) -> Sequence[Delivery]:
    """Give what is to be said; every delivery's id derives from its cause, so that a repeat plans the same ones."""
    match news:
        case OrderNews():
            return _plan_order(news)
        case RefusalNews():
            return [_refusal_mail(news)] if news.reason in _BY_MAIL_ALONE else [_refusal_reply(news)]
        case OfferNews():
            return [_offer_post(news)]
        case LinkNews():
            return [_link_mail(news)]
        case _:
            assert_never(news)


def refusal_key(delivery: Delivery) -> RefusalKey | None:
    """Say what makes a reply one of the "other refusals", answered once an author, reason and day; None for others."""
    if delivery.urgency is not Urgency.REFUSAL or delivery.author_id is None:
        return None
    return delivery.author_id, delivery.facts["reason"], delivery.created_at.date()


def prompt_mail(reply: Delivery, *, confirm_by: datetime, at: datetime) -> Delivery | None:
    """Plan the mail that follows a posted prompt: the same deadline, and a button."""
    facts = {**reply.facts, "confirm_by": confirm_by.isoformat()}
    return _follow_up(reply, Purpose.PROMPT, template="prompt", facts=facts, at=at)


def refusal_mail_instead(reply: Delivery, *, at: datetime) -> Delivery | None:
    """Plan the mail that takes a refusal's place when it could not be posted; all else has a mail of its own."""
    if reply.purpose is not Purpose.REFUSAL:
        return None
    return _follow_up(reply, Purpose.REFUSAL, template="refusal", facts=reply.facts, at=at)


def _follow_up(
    reply: Delivery, purpose: Purpose, *, template: str, facts: Mapping[str, str], at: datetime
) -> Delivery | None:
    if reply.cardmember_id is None:
        return None
    return Delivery(
        delivery_id=delivery_id_of(cause=f"after:{reply.delivery_id}", channel=Channel.MAIL, purpose=purpose),
        channel=Channel.MAIL,
        purpose=purpose,
        template=template,
        facts=facts,
        created_at=at,
        next_at=at,
        order_id=reply.order_id,
        cardmember_id=reply.cardmember_id,
        traceparent=reply.traceparent,
    )


def _plan_order(news: OrderNews) -> Sequence[Delivery]:
    planned: list[Delivery] = []
    answered = _answered_post(news)
    if news.kind in _REPLIES and answered is not None:
        purpose, template, urgency = _REPLIES[news.kind]
        planned.append(_order_reply(news, purpose, template, urgency, to=answered))
    if news.kind in _MAILS and not _goes_without_saying(news):
        purpose, template = _MAILS[news.kind]
        planned.append(_order_mail(news, purpose, template))
    return planned


def _answered_post(news: OrderNews) -> PostId | None:
    """Say which post a reply would answer; what was confirmed by mail or page has none."""
    match news.kind:
        case OrderNewsKind.HELD:
            return news.order.post_id
        case OrderNewsKind.CONFIRMATION_REFUSED:
            return news.answer_to
        case _:
            return news.order.confirming_post_id


def _goes_without_saying(news: OrderNews) -> bool:
    """Say whether a mail would tell nothing: digital goods do not ship, and a parcel's completion is its shipment."""
    unsaid = OrderNewsKind.SHIPPED if news.order.digital else OrderNewsKind.COMPLETED
    return news.kind is unsaid


def _order_reply(news: OrderNews, purpose: Purpose, template: str, urgency: Urgency, *, to: PostId) -> Delivery:
    order = news.order
    who = Answer(network=order.network, post_id=to, author_id=order.author_id, handle=order.author_handle)
    facts = {**_order_facts(order), **_reason_facts(news.reason), "window": str(news.confirm_window_seconds)}
    return _reply(who, purpose=purpose, template=template, urgency=urgency, facts=facts, cause=news.cause, about=order)


def _refusal_reply(news: RefusalNews) -> Delivery:
    who = Answer(network=news.network, post_id=news.post_id, author_id=news.author_id, handle=news.author_handle)
    facts = {**_reason_facts(news.reason), "tag": news.tag}
    return _reply(
        who,
        purpose=Purpose.REFUSAL,
        template="refusal",
        urgency=Urgency.REFUSAL,
        facts=facts,
        cause=news.cause,
        about=news,
    )


def _reply(
    who: Answer,
    *,
    purpose: Purpose,
    template: str,
    urgency: Urgency,
    facts: Mapping[str, str],
    cause: Cause,
    about: OrderView | RefusalNews,
) -> Delivery:
    """Plan a reply; its id is the post's it answers, so that a member's post gets one reply at most."""
    answered = f"{who.network}:{who.post_id}"
    return Delivery(
        delivery_id=delivery_id_of(cause=answered, channel=Channel.REPLY, purpose=Purpose.PROMPT),
        channel=Channel.REPLY,
        purpose=purpose,
        template=template,
        facts={**facts, "handle": who.handle, "asked_at": cause.at.isoformat()},
        created_at=cause.at,
        next_at=cause.at,
        urgency=urgency,
        order_id=about.order_id,
        cardmember_id=about.cardmember_id,
        network=who.network,
        author_id=who.author_id,
        in_reply_to=who.post_id,
        traceparent=cause.traceparent,
    )


def _order_mail(news: OrderNews, purpose: Purpose, template: str) -> Delivery:
    once = news.order.version if news.kind is OrderNewsKind.REFUNDED else ""
    cause = f"{news.order.order_id}:{template}:{once}"
    facts = {**_order_facts(news.order), **_reason_facts(news.reason)}
    return _mail(cause, purpose, template=template, facts=facts, about=news.order, news=news.cause)


def _refusal_mail(news: RefusalNews) -> Delivery:
    facts = {**_reason_facts(news.reason), "tag": news.tag, "handle": news.author_handle}
    cause = f"{news.network}:{news.post_id}"
    return _mail(cause, Purpose.REFUSAL, template="refusal", facts=facts, about=news, news=news.cause)


def _link_mail(news: LinkNews) -> Delivery:
    facts = {"network": news.network, "reason": news.reason}
    cause = f"{news.link_id}:{news.kind}:{news.cause.message_id}"
    return _mail(cause, Purpose.LINK, template=f"link_{news.kind.lower()}", facts=facts, about=news, news=news.cause)


def _mail(
    cause: str,
    purpose: Purpose,
    *,
    template: str,
    facts: Mapping[str, str],
    about: OrderView | RefusalNews | LinkNews,
    news: Cause,
) -> Delivery:
    return Delivery(
        delivery_id=delivery_id_of(cause=cause, channel=Channel.MAIL, purpose=purpose),
        channel=Channel.MAIL,
        purpose=purpose,
        template=template,
        facts=facts,
        created_at=news.at,
        next_at=news.at,
        order_id=None if isinstance(about, LinkNews) else about.order_id,
        cardmember_id=about.cardmember_id,
        traceparent=news.traceparent,
    )


def _offer_post(news: OfferNews) -> Delivery:
    once = f"{news.offer_id}:{news.network}"
    return Delivery(
        delivery_id=delivery_id_of(cause=once, channel=Channel.POST, purpose=Purpose.OFFER),
        channel=Channel.POST,
        purpose=Purpose.OFFER,
        template="offer",
        facts={
            "tag": news.tag,
            "title": news.title,
            "price": news.price,
            "ends_at": news.ends_at.isoformat(),
            "time_zone": news.time_zone,
        },
        created_at=news.cause.at,
        next_at=news.cause.at,
        urgency=Urgency.PROMPT,
        offer_id=news.offer_id,
        network=news.network,
        traceparent=news.cause.traceparent,
    )


def _reason_facts(reason: str) -> Mapping[str, str]:
    words = wording_of(reason)
    return {"reason": reason, "happened": words.happened, "next_step": words.next_step} if reason else {}


def _order_facts(order: OrderView) -> Mapping[str, str]:
    return {
        "order_id": str(order.order_id),
        "handle": order.author_handle,
        "digital": "yes" if order.digital else "",
        "merchant": order.merchant,
        "title": order.title,
        "price": order.price,
        "tax": order.tax,
        "shipping": order.shipping,
        "total": order.total,
        "refunded": order.refunded,
        "confirmation_tag": order.confirmation_tag,
        "card_last4": order.card_last4,
        "remorse_ends_at": _written(order.remorse_ends_at),
        "deliver_by": _written(order.deliver_by),
        "carrier": order.carrier,
        "tracking_number": order.tracking_number,
    }


def _written(at: datetime | None) -> str:
    return at.isoformat() if at else ""
