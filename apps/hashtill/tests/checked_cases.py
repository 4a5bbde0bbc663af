"""Rows of one order that went as it should; a test breaks one thing by `replace`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hashtill_cli.checking.ledgers import SIDES
from hashtill_cli.checking.rows import (
    Case,
    ChargeRow,
    DeliveryRow,
    HoldRow,
    LinkRow,
    MovementRow,
    OrderRow,
    PostRow,
    TransferRow,
    VerdictRow,
)
from kernel.snowflakes import first_snowflake_at

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONFIRMED_AT = AT - timedelta(hours=1)
ORDER_ID, CHARGE_ID, LINK_ID, PROMPT_ID = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
POST, AUTHOR = "100", "77"
CONFIRMING = str(first_snowflake_at(CONFIRMED_AT))

ORDER = OrderRow(
    order_id=ORDER_ID,
    network="x",
    post_id=POST,
    author_id=AUTHOR,
    link_id=LINK_ID,
    state="COMPLETED",
    entered_at=AT - timedelta(minutes=30),
    currency_code="USD",
    total_minor=16_331,
    confirm_by=CONFIRMED_AT + timedelta(minutes=5),
    confirmation_kind="POST",
    confirmed_at=CONFIRMED_AT,
    confirmation_post_id=CONFIRMING,
    confirmation_version_id=CONFIRMING,
)
CHARGE = ChargeRow(
    charge_id=CHARGE_ID,
    order_id=ORDER_ID,
    state="CAPTURED",
    amount_minor=16_331,
    currency_code="USD",
    captured_minor=16_331,
    refunded_minor=0,
)
HOLD = HoldRow(order_id=ORDER_ID, offer_id="kindle", state="COMMITTED", lapse_at=CONFIRMED_AT, changed_at=CONFIRMED_AT)
PROMPT = DeliveryRow(
    delivery_id=PROMPT_ID,
    order_id=ORDER_ID,
    channel="REPLY",
    purpose="PROMPT",
    state="SENT",
    in_reply_to=POST,
    network="x",
    sent_id="101",
    created_at=CONFIRMED_AT,
    total_shown="$163.31",
)


def transfer(kind: str, minor: int = 16_331) -> TransferRow:
    debit, credit = SIDES[kind]
    return TransferRow(
        charge_id=CHARGE_ID,
        order_id=ORDER_ID,
        kind=kind,
        debit_account=debit,
        credit_account=credit,
        amount_minor=minor,
        currency_code="USD",
        entered_at=AT,
    )


def movement(sequence: int, kind: str, minor: int = 16_331, *, authorization: str = "auth_1") -> MovementRow:
    return MovementRow(
        sequence=sequence,
        kind=kind,
        authorization=authorization,
        reference=str(ORDER_ID),
        amount_minor=minor,
        currency="USD",
    )


def verdict(post_id: str, word: str) -> VerdictRow:
    return VerdictRow(order_id=ORDER_ID, network="x", post_id=post_id, verdict=word)


CASE = Case(
    order_id=ORDER_ID,
    order=ORDER,
    charges=(CHARGE,),
    transfers=(transfer("AUTHORIZE"), transfer("CAPTURE")),
    movements=(movement(1, "authorization"), movement(2, "capture")),
    holds=(HOLD,),
    deliveries=(PROMPT,),
    verdicts=(verdict(POST, "ORDERED"), verdict(CONFIRMING, "CONFIRMED")),
    confirming_posts=(PostRow(network="x", version_id=CONFIRMING, author_id=AUTHOR, posted_at=CONFIRMED_AT),),
    link=LinkRow(link_id=LINK_ID, network="x", network_user_id=AUTHOR),
)


def with_order(**changes: object) -> Case:
    return replace(CASE, order=replace(ORDER, **changes))  # type: ignore[arg-type]  # any field of it


def with_charge(**changes: object) -> Case:
    return replace(CASE, charges=(replace(CHARGE, **changes),))  # type: ignore[arg-type]  # any field of it
