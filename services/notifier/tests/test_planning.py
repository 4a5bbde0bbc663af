"""What is said about each piece of news, and who may spend what is left of the quota."""

from dataclasses import replace
from uuid import UUID

import pytest
from services.notifier.tests.notifier_world import (
    ANN,
    NOW,
    ORDER,
    link_news,
    offer_news,
    order_news,
    quota,
    refusal,
)

from kernel.ids import X
from notifier.domain.delivery import (
    ATTEMPTS_MAX,
    Channel,
    Delivery,
    DeliveryId,
    DeliveryState,
    Purpose,
    Urgency,
    outcome_unknown,
    put_off,
    tried_in_vain,
)
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.domain.planning import plan, prompt_mail, refusal_mail_instead
from notifier.domain.quota import spend
from notifier.domain.reasons import wording_of
from notifier.domain.weighted_length import shortened, weight_of

REPLY, MAIL, POST = Channel.REPLY, Channel.MAIL, Channel.POST


def said(deliveries: object) -> list[tuple[Channel, str]]:
    assert isinstance(deliveries, list)
    return [(each.channel, each.template) for each in deliveries]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OrderNewsKind.HELD, [(REPLY, "prompt")]),
        (OrderNewsKind.CONFIRMATION_REFUSED, [(REPLY, "late")]),
        (OrderNewsKind.EXPIRED, [(MAIL, "expired")]),
        (OrderNewsKind.DECLINED, [(REPLY, "declined"), (MAIL, "declined")]),
        (OrderNewsKind.AUTHORIZED, [(REPLY, "receipt"), (MAIL, "receipt")]),
        (OrderNewsKind.SHIPPED, [(MAIL, "shipped")]),
        (OrderNewsKind.COMPLETED, []),
        (OrderNewsKind.CANCELLED, [(MAIL, "taken_back")]),
        (OrderNewsKind.VOIDED, [(MAIL, "taken_back")]),
        (OrderNewsKind.REFUNDED, [(MAIL, "refunded")]),
    ],
)
def test_each_piece_of_news_is_told_in_its_way(kind: OrderNewsKind, expected: list[tuple[Channel, str]]) -> None:
    assert said(plan(order_news(kind))) == expected


def test_digital_goods_are_delivered_by_mail_and_never_ship() -> None:
    digital = replace(ORDER, digital=True)

    assert said(plan(order_news(OrderNewsKind.SHIPPED, order=digital))) == []
    assert said(plan(order_news(OrderNewsKind.COMPLETED, order=digital))) == [(MAIL, "delivered")]


def test_what_was_confirmed_by_mail_is_answered_by_mail_alone() -> None:
    by_mail = replace(ORDER, confirming_post_id=None)

    assert said(plan(order_news(OrderNewsKind.AUTHORIZED, order=by_mail))) == [(MAIL, "receipt")]


@pytest.mark.parametrize(
    ("reason", "channel"), [("NOT_LINKED", REPLY), ("REPLY_NOT_POSSIBLE", MAIL), ("HOLD_LAPSED", MAIL)]
)
def test_a_refusal_is_a_reply_unless_its_post_has_one(reason: str, channel: Channel) -> None:
    assert said(plan(refusal(reason))) == [(channel, "refusal")]


def test_a_post_is_replied_to_once_whatever_happens() -> None:
    (prompt,) = plan(order_news(OrderNewsKind.HELD))
    (refused,) = plan(refusal("SOLD_OUT", post=ORDER.post_id))

    assert prompt.delivery_id == refused.delivery_id


def test_each_refund_has_its_mail_and_a_repeat_has_none() -> None:
    first, repeat = plan(order_news(OrderNewsKind.REFUNDED)), plan(order_news(OrderNewsKind.REFUNDED))
    second = plan(order_news(OrderNewsKind.REFUNDED, order=replace(ORDER, version=4)))

    assert first[0].delivery_id == repeat[0].delivery_id != second[0].delivery_id


def test_offers_are_posted_and_links_are_mailed() -> None:
    assert said(plan(offer_news())) == [(POST, "offer")]
    assert [said(plan(link_news(kind)))[0][1] for kind in LinkNewsKind] == [
        "link_activated",
        "link_frozen",
        "link_ended",
    ]


def test_a_prompts_mail_needs_somebody_to_reach() -> None:
    (prompt,) = plan(order_news(OrderNewsKind.HELD))

    assert prompt_mail(replace(prompt, cardmember_id=None), confirm_by=NOW, at=NOW) is None
    mail = prompt_mail(prompt, confirm_by=NOW, at=NOW)
    assert mail is not None
    assert mail.facts["confirm_by"] == NOW.isoformat()
    assert mail.cardmember_id == ANN


def test_only_a_refusal_that_could_not_be_posted_is_mailed_instead() -> None:
    late = order_news(OrderNewsKind.CONFIRMATION_REFUSED, reason="TOO_LATE")
    (refused,), (too_late,) = plan(refusal("SOLD_OUT")), plan(late)

    mailed = [refusal_mail_instead(each, at=NOW) for each in (refused, too_late)]

    assert [mail.facts["happened"] for mail in mailed if mail is not None] == [
        "Sold out",
        "Your confirmation came too late",
    ]


@pytest.mark.parametrize("kind", [OrderNewsKind.HELD, OrderNewsKind.AUTHORIZED, OrderNewsKind.DECLINED])
def test_what_has_a_mail_of_its_own_is_never_mailed_as_a_refusal(kind: OrderNewsKind) -> None:
    reply = plan(order_news(kind))[0]

    assert reply.channel is REPLY
    assert refusal_mail_instead(reply, at=NOW) is None


def test_every_reason_has_words_and_an_unknown_one_too() -> None:
    assert wording_of("SOLD_OUT").happened == "Sold out"
    assert wording_of("NEW_REASON").happened


def deliveries(*urgencies: Urgency) -> list[Delivery]:
    (one,) = plan(order_news(OrderNewsKind.HELD))
    return [
        replace(one, urgency=each, delivery_id=DeliveryId(UUID(int=number))) for number, each in enumerate(urgencies)
    ]


def test_without_a_known_quota_everything_may_go() -> None:
    every = deliveries(*Urgency)

    assert len(spend(every, quota=None, refusals_spent=0, at=NOW).allowed) == len(Urgency)


def test_prompts_are_served_first_and_receipts_only_from_plenty() -> None:
    every = deliveries(Urgency.RECEIPT, Urgency.REFUSAL, Urgency.VERDICT, Urgency.PROMPT)

    shared = spend(every, quota=quota(remaining=2), refusals_spent=0, at=NOW)

    assert [each.urgency for each in shared.allowed] == [Urgency.PROMPT, Urgency.VERDICT]
    assert [each.urgency for each in shared.waiting] == [Urgency.REFUSAL]
    assert [each.urgency for each in shared.by_mail_alone] == [Urgency.RECEIPT]


@pytest.mark.parametrize(("remaining", "goes"), [(31, True), (30, False)])
def test_a_receipt_is_posted_only_while_plenty_is_left(remaining: int, *, goes: bool) -> None:
    shared = spend(deliveries(Urgency.RECEIPT), quota=quota(remaining=remaining), refusals_spent=0, at=NOW)

    assert bool(shared.allowed) is goes


def test_refusals_never_spend_more_than_a_fifth() -> None:
    every = deliveries(*[Urgency.REFUSAL] * 5)

    shared = spend(every, quota=quota(remaining=90), refusals_spent=18, at=NOW)

    assert (len(shared.allowed), len(shared.waiting)) == (2, 3)


def test_tries_end() -> None:
    (one,) = deliveries(Urgency.PROMPT)
    last = replace(one, attempts=ATTEMPTS_MAX, state=DeliveryState.SENDING)

    assert tried_in_vain(last, reason="AWAY", at=NOW).state is DeliveryState.FAILED
    assert outcome_unknown(last, reason="AWAY", at=NOW).state is DeliveryState.FAILED
    assert put_off(last, until=NOW).attempts == ATTEMPTS_MAX - 1


def test_weights_are_x_own() -> None:
    assert weight_of("hello") == 5
    assert weight_of("こんにちは") == 10
    assert weight_of("see https://example.com/a/very/long/path") == 4 + 23
    assert weight_of("Amazon.com gift card") == 23 + 10
    assert weight_of("at very-long-name-of-a-shop.example.com/path") == 3 + 41
    assert weight_of("$149.99 + $13.31 tax. Yes... ann@example.com") == 44
    assert shortened("hello world", weight_max=8) == "hello w…"
    assert shortened("short", weight_max=8) == "short"


def test_purposes_of_one_network() -> None:
    assert {each.network for each in plan(offer_news())} == {X}
    assert plan(refusal("SOLD_OUT"))[0].purpose is Purpose.REFUSAL
