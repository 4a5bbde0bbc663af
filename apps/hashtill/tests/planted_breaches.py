"""Every way a promise may be broken, planted in a book: a name, the invariant, and what is changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.hashtill.tests.planted_rows import CONFIRMED_AT, NOW, TOTAL_MINOR, Rows
from apps.hashtill.tests.planted_suite import SECRET

from hashtill_cli.checking.findings import Invariant
from hashtill_cli.demo.pace import TEST_CARD

Plant = Callable[[Rows], str]
"""Breaks something; gives the id that must be named."""

LONG_AGO = NOW - timedelta(days=3)


def _in(table: str, place: int = 0, /, *, named: str = "order_id", **changes: Any) -> Plant:
    """Change a row; `named` is the property of Rows that tells what must be named."""

    def plant(rows: Rows) -> str:
        rows.tables[table][place].update(changes)
        return str(getattr(rows, named))

    return plant


def _voided(rows: Rows) -> str:
    """Void the order, in every book but the stock's."""
    rows.row("orders.orders").update(state="VOIDED")
    rows.row("payments.charge").update(state="VOIDED", captured_minor=0)
    rows.tables["payments.transfer"][1].update(kind="VOID", credit_account="cardmember:available")
    rows.movements[1]["kind"] = "void"
    return rows.offer_id


def _voided_and_taken(rows: Rows) -> str:
    rows.row("orders.orders").update(state="VOIDED")
    rows.row("offers.hold").update(state="RELEASED")
    rows.row("offers.stock").update(available=10, committed=0)
    return str(rows.order_id)


def _held_at_its_end(rows: Rows) -> str:
    rows.row("offers.hold").update(state="HELD", lapse_at=NOW + timedelta(hours=1))
    rows.row("offers.stock").update(held=1, committed=0)
    return rows.offer_id


def _unlapsed(rows: Rows) -> str:
    """Its order has just begun to wait, whenever these tests were loaded: only the hold is old."""
    begun = datetime.now(UTC)
    rows.row("orders.orders").update(state="PROMPTING", deadline_at=begun)
    rows.tables["orders.order_log"][1]["at"] = begun
    rows.row("offers.hold").update(state="HELD", lapse_at=LONG_AGO)
    rows.row("offers.stock").update(held=1, committed=0)
    return rows.offer_id


def _of_no_order(rows: Rows, *tables: str) -> str:
    for table in ("orders.orders", "orders.order_log", "orders.post_verdict", *tables):
        rows.tables[table].clear()
    return str(rows.order_id)


def _two_live_charges(rows: Rows) -> str:
    rows.another("payments.charge", charge_id=rows.id("second"), attempt=2, state="AUTHORIZED", captured_minor=0)
    rows.row("payments.charge").update(state="AUTHORIZED", captured_minor=0)
    return str(rows.id("second"))


def _untold_capture(rows: Rows) -> str:
    rows.tables["payments.transfer"].pop()
    return str(rows.id("charge"))


def _post_forgotten(rows: Rows) -> str:
    rows.tables["gateway.kept_post"].clear()
    return rows.confirming_id


def _unit_of_no_order(rows: Rows) -> str:
    _of_no_order(rows, "payments.charge", "payments.transfer", "payments.operation")
    return rows.offer_id


def _leak_in_a_table(rows: Rows) -> str:
    rows.row("orders.orders").update(title=TEST_CARD)
    return f"orders.orders {rows.order_id}"


def _moved(*kinds: str, **changes: Any) -> Plant:
    """Have the processor tell these movements too."""

    def plant(rows: Rows) -> str:
        rows.movements[1:1] = [rows.movements[0] | {"kind": kind} | changes for kind in kinds]
        return str(changes.get("authorization", rows.order_id))

    return plant


def _foreign_money(rows: Rows) -> str:
    rows.movements.append(rows.movements[0] | {"reference": "nobody", "authorization": "auth_nobody"})
    return "nobody"


def _still_held_there(rows: Rows) -> str:
    rows.movements.pop()
    return f"auth_{rows.name}"


def _unfinished_operation(rows: Rows) -> str:
    rows.row("payments.operation").update(state="UNKNOWN", begun_at=LONG_AGO, due_at=NOW)
    return f"capture:{rows.name}"


def _second_step_skipped(rows: Rows) -> str:
    rows.another("orders.order_log", version=3, to_state="VERIFYING", cause="VerificationAsked")
    return str(rows.order_id)


def _confirmed_by_anothers_post(rows: Rows) -> str:
    other = Rows(f"{rows.name}, again", rows.number + 500)
    shared = {"confirmation_post_id": rows.confirming_id, "confirmation_version_id": rows.confirming_id}
    rows.tables["orders.orders"].append(other.row("orders.orders") | shared)
    rows.tables["orders.outbox"].append(other.row("orders.outbox") | {"published_at": None, "stream": None})
    return str(other.order_id)


def _replied_twice(rows: Rows) -> str:
    rows.another("notifier.delivery", delivery_id=rows.id("second"), purpose="RECEIPT", sent_id="9")
    return str(rows.id("second"))


def _prompted_twice(rows: Rows) -> str:
    rows.another("notifier.delivery", delivery_id=rows.id("second"), in_reply_to="9", sent_id="9")
    return str(rows.id("second"))


def _two_receipts(rows: Rows) -> str:
    receipt = rows.tables["notifier.delivery"][1]
    rows.tables["notifier.delivery"].append(receipt | {"delivery_id": rows.id("second")})
    return str(rows.id("second"))


def _strange_mail(rows: Rows) -> str:
    rows.mails.append((f"<{rows.id('nobody')}@program.example>", "Hello."))
    return f"<{rows.id('nobody')}@program.example>"


def _message_removed(rows: Rows) -> str:
    rows.remove_message = True
    return rows.message_id


def _message_of_another(rows: Rows) -> str:
    rows.row("orders.outbox").update(msg_id=f"other:{rows.name}")
    return f"other:{rows.name}"


def _message_of_nobody(rows: Rows) -> str:
    rows.strays.append((f"stray:{rows.name}", b"{}"))
    return f"stray:{rows.name}"


def _leak_in_a_message(rows: Rows) -> str:
    rows.row("orders.outbox").update(msg_id="leaking")
    rows.strays.append(("leaking", f"cvv: 1234 {SECRET}".encode()))
    return "ORDERS/"


def _leak_in_a_mail(rows: Rows) -> str:
    message_id, _ = rows.mails[0]
    rows.mails[0] = (message_id, f"Your card {TEST_CARD} was charged.")
    return f"mail {message_id}"


def _leak_in_a_dead_letter(rows: Rows) -> str:
    rows.tables["orders.dead_letter"].append(
        {
            "consumer": "c", "msg_id": "m", "subject": "s", "headers": b"", "body": SECRET.encode(), "stream": "S",
            "stream_seq": 1, "reason": "", "attempts": 1,
        }
    )  # fmt: skip
    return "orders.dead_letter 1"


def _log(text: str) -> Plant:
    def plant(rows: Rows) -> str:
        rows.log = text
        return "orders.log"

    return plant


def _span(rows: Rows) -> str:
    rows.span = f"charge {TEST_CARD}"
    return "spans.json"


def _attribute(rows: Rows) -> str:
    rows.attributes["cvv"] = "1234"
    return "spans.json"


_post_of_a_stranger = _in("gateway.kept_post", author_id="666", named="confirming_id")
_confirmed_late = _in("orders.orders", confirm_by=CONFIRMED_AT - timedelta(seconds=1))
_verdict_lost = _in("orders.post_verdict", verdict="REFUSED", named="post_id")
_verdict_astray = _in("orders.post_verdict", 1, post_id="105", named="confirming_id")
_unpublished = _in("orders.outbox", named="message_id", published_at=None, stream=None, created_at=LONG_AGO)
_parked = _in("orders.outbox", named="message_id", published_at=None, stream=None, parked_at=NOW)


PLANTS: dict[str, tuple[Invariant, Plant]] = {
    "charged beyond the total": (Invariant.AMOUNT, _in("payments.charge", amount_minor=TOTAL_MINOR + 1)),
    "charged in another currency": (Invariant.AMOUNT, _in("payments.charge", currency_code="EUR")),
    "two live charges": (Invariant.AMOUNT, _two_live_charges),
    "two authorizations at the processor": (Invariant.AMOUNT, _moved("authorization", authorization="auth_second")),
    "taken twice by the processor": (Invariant.AMOUNT, _moved("capture")),
    "a charge of no order": (Invariant.AMOUNT, _of_no_order),
    "another amount in the prompt": (Invariant.AMOUNT, _in("notifier.delivery", facts='{"total": "$1.00"}')),
    "confirmed late": (Invariant.CONFIRMED, _confirmed_late),
    "confirmed by a stranger": (Invariant.CONFIRMED, _post_of_a_stranger),
    "confirmed by a post nobody kept": (Invariant.CONFIRMED, _post_forgotten),
    "linked to somebody else": (Invariant.CONFIRMED, _in("identity.link", network_user_id="666")),
    "a second step that was never taken": (Invariant.CONFIRMED, _second_step_skipped),
    "units out of nothing": (Invariant.STOCK, _in("offers.stock", available=10, named="offer_id")),
    "held without a hold": (Invariant.STOCK, _in("offers.stock", held=1, available=8, named="offer_id")),
    "committed without a hold": (Invariant.STOCK, _in("offers.hold", state="RELEASED", named="offer_id")),
    "captured without a transfer": (Invariant.LEDGER, _untold_capture),
    "a transfer to nobody's account": (Invariant.LEDGER, _in("payments.transfer", 1, credit_account="other")),
    "refunded by the processor alone": (Invariant.LEDGER, _moved("refund")),
    "refunded by us alone": (Invariant.LEDGER, _in("payments.charge", refunded_minor=100)),
    "money of no order at the processor": (Invariant.LEDGER, _foreign_money),
    "an end with a live charge": (Invariant.GIVEN_BACK, _in("payments.charge", state="AUTHORIZED", captured_minor=0)),
    "an end with money held at the processor": (Invariant.GIVEN_BACK, _still_held_there),
    "an end with a held unit": (Invariant.GIVEN_BACK, _held_at_its_end),
    "voided with a committed unit": (Invariant.GIVEN_BACK, _voided),
    "voided with money taken": (Invariant.GIVEN_BACK, _voided_and_taken),
    "a unit of no order": (Invariant.GIVEN_BACK, _unit_of_no_order),
    "an order that sits": (Invariant.AGE, _in("orders.orders", state="CAPTURING", next_step_at=NOW)),
    "a hold that did not lapse": (Invariant.AGE, _unlapsed),
    "an operation without an end": (Invariant.AGE, _unfinished_operation),
    "a delivery that waits": (Invariant.AGE, _in("notifier.delivery", 1, state="WAITING", created_at=LONG_AGO)),
    "an outbox row that waits": (Invariant.AGE, _unpublished),
    "a post that confirmed two orders": (Invariant.ONE_EFFECT, _confirmed_by_anothers_post),
    "an order whose post has no verdict": (Invariant.ONE_EFFECT, _verdict_lost),
    "a verdict of a confirmation that was none": (Invariant.ONE_EFFECT, _verdict_astray),
    "published and not in the stream": (Invariant.OUTBOX, _message_removed),
    "published and another's in its place": (Invariant.OUTBOX, _message_of_another),
    "a message that no row wrote": (Invariant.OUTBOX, _message_of_nobody),
    "parked and nobody told": (Invariant.OUTBOX, _parked),
    "a post answered twice": (Invariant.ONE_ANSWER, _replied_twice),
    "an order prompted twice": (Invariant.ONE_ANSWER, _prompted_twice),
    "two receipts": (Invariant.ONE_ANSWER, _two_receipts),
    "a second reply on the network": (Invariant.ONE_ANSWER, Rows.reply_again),
    "a mail nobody wrote": (Invariant.ONE_ANSWER, _strange_mail),
    "a card number in a table": (Invariant.NO_SECRET, _leak_in_a_table),
    "a secret in a dead letter": (Invariant.NO_SECRET, _leak_in_a_dead_letter),
    "a CVV and a secret in a message": (Invariant.NO_SECRET, _leak_in_a_message),
    "a card number in a mail": (Invariant.NO_SECRET, _leak_in_a_mail),
    "a CVV in a log": (Invariant.NO_SECRET, _log('{"cvv": "1234"}')),
    "a card number in a span": (Invariant.NO_SECRET, _span),
    "a CVV in a span": (Invariant.NO_SECRET, _attribute),
}  # fmt: skip
