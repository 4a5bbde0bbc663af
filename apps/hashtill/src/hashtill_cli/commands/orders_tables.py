"""Tables of `hashtill orders`."""

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp
from rich.table import Table

from hashtill.common.v1 import money_pb2
from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as pb
from kernel.money import Money


def orders_table(orders: Sequence[order_pb2.Order]) -> Table:
    """Show orders, one a row."""
    table = Table("order", "state", "tag", "by", "total", "posted (UTC)")
    table.columns[0].overflow = "fold"  # an id cut short is no id
    table.columns[4].justify = "right"
    for order in orders:
        table.add_row(
            order.order_id,
            state_word(order.state),
            f"#{order.tag}",
            f"@{order.author_handle}",
            money(order.total),
            moment(order.posted_at),
        )
    return table


def order_table(order: order_pb2.Order) -> Table:
    """Show one order, one fact a row."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    for name, value in _facts(order):
        if value:
            table.add_row(name, value)
    return table


def steps_table(steps: Sequence[order_pb2.OrderStep]) -> Table:
    """Show an order's story."""
    table = Table("at (UTC)", "cause", "state", "what happened", "trace")
    for step in steps:
        at = step.at.ToDatetime()
        table.add_row(f"{at:%H:%M:%S.%f}"[:-3], step.cause, state_word(step.to_state), step.detail, step.trace_id)
    return table


def verdicts_table(verdicts: Sequence[pb.PostVerdict]) -> Table:
    """Show what posts came to."""
    table = Table("post", "posted (UTC)", "came to", "why")
    for verdict in verdicts:
        table.add_row(verdict.version_id, moment(verdict.posted_at), verdict.verdict, verdict.reason)
    return table


def state_word(state: "order_pb2.OrderState.ValueType") -> str:
    """Write a state as people read it."""
    return order_pb2.OrderState.Name(state).removeprefix("ORDER_STATE_").replace("_", " ").lower()


def money(message: money_pb2.Money) -> str:
    """Write an amount; nothing for one that is not known yet."""
    if not message.currency_code:
        return ""
    return str(Money(amount_minor=message.amount_minor, currency_code=message.currency_code))


def moment(at: Timestamp) -> str:
    """Write a time; nothing for one that is not known yet."""
    return f"{at.ToDatetime():%Y-%m-%d %H:%M:%S}" if at.seconds else ""


def _facts(order: order_pb2.Order) -> list[tuple[str, str]]:
    shipment = order.shipment
    return [
        ("order", order.order_id),
        ("state", state_word(order.state)),
        ("why", order.refusal_reason),
        ("what", order.title),
        ("tag", f"#{order.tag}"),
        ("by", f"@{order.author_handle} on {order.network}, post {order.post_id}"),
        ("merchant", order.merchant_name),
        ("price", money(order.price)),
        ("tax", money(order.tax)),
        ("shipping", money(order.shipping)),
        ("total", money(order.total)),
        ("given back", money(order.refunded)),
        ("confirmation tag", order.confirmation_tag and f"#{order.confirmation_tag.upper()}"),
        ("confirm by (UTC)", moment(order.confirm_by)),
        ("confirmed (UTC)", moment(order.confirmed_at)),
        ("card", order.card_last4 and f"ending in {order.card_last4}"),
        ("take back until (UTC)", moment(order.remorse_ends_at)),
        ("parcel", f"{shipment.carrier} {shipment.tracking_number}".strip()),
        ("deliver by (UTC)", moment(shipment.deliver_by)),
        ("posted (UTC)", moment(order.posted_at)),
    ]
