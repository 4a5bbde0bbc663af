"""The rows, movements, mails, posts, messages and texts of one order in every book; a plant breaks one thing of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from kernel.snowflakes import first_snowflake_at

Row = dict[str, Any]

NOW = datetime.now(UTC)
CONFIRMED_AT = NOW - timedelta(hours=2)
ENDED_AT = NOW - timedelta(hours=1)
PROGRAM, AUTHOR = "900", "77"
TOTAL_MINOR = 16_331
CARD_TOKEN, MERCHANT_ID = "tok_shared", "m_shared"

SHARED: dict[str, list[Row]] = {
    "offers.merchant": [
        {"merchant_id": MERCHANT_ID, "display_name": "Shop", "support_email": "help@shop.example", "updated_at": NOW}
    ],
    "payments.card": [
        {
            "card_token": CARD_TOKEN, "brand": "amex", "product": "CONSUMER_CREDIT", "country": "US", "last4": "0005",
            "account_reference": "acc", "billing_country": "US", "billing_region": "NY", "fingerprint": b"f",
            "processor_token_sealed": b"s", "billing_sealed": b"b", "entered_at": NOW,
        }
    ],
}  # fmt: skip


@dataclass(slots=True)
class Rows:
    """One order that went as it should, in every book."""

    name: str
    number: int
    tables: dict[str, list[Row]] = field(default_factory=dict)
    movements: list[Row] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    posts: list[Row] = field(default_factory=list)
    strays: list[tuple[str, bytes]] = field(default_factory=list)
    """Messages that no outbox row wrote: id and body."""
    log: str = ""
    span: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    """Of the span."""
    remove_message: bool = False
    """Whether the message is taken out of its stream after it was published."""

    def __post_init__(self) -> None:
        self.tables = _tables(self)
        sent = {"authorization": f"auth_{self.name}", "reference": str(self.order_id)}
        amount = {"amount_minor": TOTAL_MINOR, "currency": "USD"}
        self.movements = [{"kind": kind, **sent, **amount} for kind in ("authorization", "capture")]
        self.mails = [(f"<{self.id('receipt')}@program.example>", "Your receipt.")]
        self.posts = [_reply(self.prompt_id, self.post_id)]

    def id(self, what: str) -> UUID:
        """Give one of its ids by name."""
        return uuid5(NAMESPACE_OID, f"{self.name}:{what}")

    @property
    def order_id(self) -> UUID:
        return self.id("order")

    @property
    def offer_id(self) -> str:
        return f"offer_{self.number}"

    @property
    def post_id(self) -> str:
        return str(1_000_000 + self.number)

    @property
    def prompt_id(self) -> str:
        return str(2_000_000 + self.number)

    @property
    def confirming_id(self) -> str:
        return str(first_snowflake_at(CONFIRMED_AT) + self.number)

    @property
    def message_id(self) -> str:
        return f"held:{self.name}"

    def row(self, table: str) -> Row:
        """Give its first row of a table."""
        return self.tables[table][0]

    def another(self, table: str, **changes: Any) -> None:
        """Add a row like its first of a table."""
        self.tables[table].append(self.row(table) | changes)

    def reply_again(self) -> str:
        """Have the network show one more reply to its post."""
        again = str(3_000_000 + self.number)
        self.posts.append(_reply(again, self.post_id))
        return again


def _tables(rows: Rows) -> dict[str, list[Row]]:
    return {
        "identity.link": [_link(rows)],
        "gateway.kept_post": [_kept(rows)],
        "orders.orders": [_order(rows)],
        "orders.order_log": [_step(rows, 1, "RECEIVED", "PostRead"), _step(rows, 2, "COMPLETED", "ChargeCaptured")],
        "orders.post_verdict": [
            _verdict(rows, rows.post_id, "ORDERED"),
            _verdict(rows, rows.confirming_id, "CONFIRMED"),
        ],
        "orders.outbox": [_outbox(rows)],
        "orders.dead_letter": [],
        "offers.offer": [_offer(rows)],
        "offers.stock": [
            {"offer_id": rows.offer_id, "total": 10, "available": 9, "held": 0, "committed": 1, "version": 1}
        ],
        "offers.hold": [_hold(rows)],
        "payments.charge": [_charge(rows)],
        "payments.operation": [_operation(rows)],
        "payments.transfer": [
            _transfer(rows, "AUTHORIZE", "cardmember:available", "cardmember:pending"),
            _transfer(rows, "CAPTURE", "cardmember:pending", f"merchant:{MERCHANT_ID}"),
        ],
        "notifier.delivery": [
            _delivery(rows, "prompt", channel="REPLY", purpose="PROMPT", in_reply_to=rows.post_id, network="x"),
            _delivery(rows, "receipt", channel="MAIL", purpose="RECEIPT"),
        ],
    }  # fmt: skip


def _order(rows: Rows) -> Row:
    return {
        "order_id": rows.order_id, "network": "x", "post_id": rows.post_id, "version_id": rows.post_id,
        "author_id": AUTHOR, "author_handle": "mia", "language": "en", "link_id": rows.id("link"),
        "cardmember_id": rows.id("member"), "card_token": CARD_TOKEN, "ship_to_country": "US", "ship_to_region": "NY",
        "tag": "kindle", "posted_at": CONFIRMED_AT, "created_at": CONFIRMED_AT, "state": "COMPLETED", "version": 2,
        "updated_at": ENDED_AT + timedelta(seconds=rows.number), "reason": "",
        "disowned": False, "attempts": 0, "offer_id": rows.offer_id,
        "merchant_id": MERCHANT_ID, "merchant_name": "Shop", "title": "Kindle", "currency_code": "USD",
        "price_minor": 14_999, "tax_minor": 1_332, "shipping_minor": 0, "total_minor": TOTAL_MINOR, "digital": False,
        "confirmation_tag": f"OK{rows.number:08}", "prompt_post_id": rows.prompt_id,
        "confirm_by": CONFIRMED_AT + timedelta(minutes=5), "confirmation_kind": "POST", "confirmed_at": CONFIRMED_AT,
        "confirmation_post_id": rows.confirming_id, "confirmation_version_id": rows.confirming_id,
        "charge_id": rows.id("charge"),
    }  # fmt: skip


def _step(rows: Rows, version: int, state: str, cause: str) -> Row:
    return {
        "order_id": rows.order_id, "version": version, "to_state": state, "cause": cause, "cause_id": "",
        "detail": f"{rows.name} {state}", "trace_id": "", "at": ENDED_AT,
    }  # fmt: skip


def _verdict(rows: Rows, post_id: str, word: str) -> Row:
    return {
        "network": "x", "post_id": post_id, "version_id": post_id, "author_id": AUTHOR, "verdict": word, "reason": "",
        "posted_at": CONFIRMED_AT, "order_id": rows.order_id,
    }  # fmt: skip


def _outbox(rows: Rows) -> Row:
    return {
        "msg_id": rows.message_id, "aggregate": str(rows.order_id), "version": 1, "headers": b"", "body": b"{}",
        "subject": "hashtill.orders.v1.order_held.0", "stream": "ORDERS", "published_at": NOW,
        "created_at": ENDED_AT,
    }  # fmt: skip


def _link(rows: Rows) -> Row:
    return {
        "link_id": rows.id("link"), "network": "x", "browser_session": "", "name": "", "email": "", "language": "",
        "terms_version": "", "consented_at": NOW, "updated_at": NOW, "status": "ENDED", "version": 1,
        "network_user_id": AUTHOR, "handle": "", "refusal_reason": "", "card_last4": "", "ship_to_country": "",
        "ship_to_region": "",
    }  # fmt: skip


def _kept(rows: Rows) -> Row:
    return {
        "message_id": f"x:{rows.confirming_id}", "network": "x", "post_id": rows.confirming_id, "kind": "reply",
        "version_id": rows.confirming_id, "author_id": AUTHOR, "posted_at": CONFIRMED_AT,
    }  # fmt: skip


def _offer(rows: Rows) -> Row:
    tag = f"tag{rows.number}"
    return {
        "offer_id": rows.offer_id, "merchant_id": MERCHANT_ID, "kind": "PURCHASE", "tag": tag, "tag_canonical": tag,
        "title": "Kindle", "description": "", "currency_code": "USD", "price_minor": 14_999, "shipping_minor": 0,
        "tax_default_basis_points": 0, "tax_regions": [], "tax_region_basis_points": [], "per_member_limit": 1,
        "starts_at": CONFIRMED_AT, "ends_at": NOW + timedelta(days=1), "time_zone": "UTC", "channels": ["x"],
        "fulfilment": "GOODS", "ship_to_countries": ["US"], "terms_url": "", "standing": "PUBLISHED", "version": 1,
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def _hold(rows: Rows) -> Row:
    return {
        "order_id": rows.order_id, "offer_id": rows.offer_id, "cardmember_id": rows.id("member"), "state": "COMMITTED",
        "lapse_at": CONFIRMED_AT, "offer_version": 1, "merchant_id": MERCHANT_ID, "merchant_name": "Shop",
        "title": "Kindle", "tag": "kindle", "currency_code": "USD", "price_minor": 14_999, "tax_minor": 1_332,
        "shipping_minor": 0, "fulfilment": "GOODS", "terms_url": "", "held_at": CONFIRMED_AT,
        "changed_at": CONFIRMED_AT,
    }  # fmt: skip


def _charge(rows: Rows) -> Row:
    return {
        "charge_id": rows.id("charge"), "order_id": rows.order_id, "attempt": 1, "state": "CAPTURED",
        "amount_minor": TOTAL_MINOR, "currency_code": "USD", "card_token": CARD_TOKEN, "card_last4": "0005",
        "merchant_id": MERCHANT_ID, "statement_descriptor": "SHOP", "updated_at": ENDED_AT,
        "captured_minor": TOTAL_MINOR, "refunded_minor": 0, "refunding_minor": 0, "void_wanted": False,
        "decline_code": "", "processor_authorization": f"auth_{rows.name}", "network_reference": "",
        "processor_capture": "", "version": 1,
    }  # fmt: skip


def _operation(rows: Rows) -> Row:
    return {
        "key": f"capture:{rows.name}", "charge_id": rows.id("charge"), "kind": "CAPTURE", "amount_minor": TOTAL_MINOR,
        "currency_code": "USD", "state": "OK", "contents_hash": b"", "begun_at": ENDED_AT, "asked_times": 1,
        "reference": "", "code": "", "cause": "",
    }  # fmt: skip


def _transfer(rows: Rows, kind: str, debit: str, credit: str) -> Row:
    return {
        "transfer_id": rows.id(kind), "charge_id": rows.id("charge"), "order_id": rows.order_id, "kind": kind,
        "debit_account": debit, "credit_account": credit, "amount_minor": TOTAL_MINOR, "currency_code": "USD",
        "entered_at": ENDED_AT,
    }  # fmt: skip


def _delivery(rows: Rows, name: str, **changes: Any) -> Row:
    return {
        "delivery_id": rows.id(name), "template": name, "facts": '{"total": "$163.31"}', "urgency": 0, "state": "SENT",
        "order_id": rows.order_id, "next_at": ENDED_AT, "sent_id": rows.prompt_id, "sent_at": ENDED_AT,
        "created_at": ENDED_AT, **changes,
    }  # fmt: skip


def _reply(post_id: str, answers: str) -> Row:
    return {
        "id": post_id, "author_id": PROGRAM, "text": "Confirm, please.",
        "referenced_tweets": [{"type": "replied_to", "id": answers}],
    }  # fmt: skip
