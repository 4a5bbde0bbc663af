"""Tables of `hashtill offers`."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from hashtill.offers.v1 import offer_pb2
from hashtill_cli.commands.orders_tables import money
from hashtill_cli.programme_files.applying import Row

_STATES = {
    offer_pb2.OFFER_STATE_DRAFT: "draft",
    offer_pb2.OFFER_STATE_SCHEDULED: "scheduled",
    offer_pb2.OFFER_STATE_LIVE: "live",
    offer_pb2.OFFER_STATE_PAUSED: "paused",
    offer_pb2.OFFER_STATE_ENDED: "ended",
}


_NAME_WIDTH_MIN = 16


def applied_table(rows: Sequence[Row], *, dry_run: bool) -> Table:
    """Show what became of each thing."""
    table = Table("", "id", "would be" if dry_run else "is now", title_justify="left")
    for row in rows:
        table.add_row(row.kind, row.id, ", ".join(row.done))
    return table


def offers_table(offers: Sequence[offer_pb2.Offer]) -> Table:
    """Show offers with tag, price, state, window end (UTC) and stock."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("offer", "tag"):
        table.add_column(heading, overflow="fold", min_width=_NAME_WIDTH_MIN)
    for heading in ("price", "state", "left", "held", "sold", "ends (UTC)"):
        table.add_column(heading)
    for offer in offers:
        state = _STATES.get(offer.state, "?") + (", sold out" if offer.sold_out else "")
        stock = offer.stock
        ends = offer.window.ends_at.ToDatetime()
        counts = (f"{stock.available:,} of {stock.total:,}", f"{stock.held:,}", f"{stock.committed:,}")
        table.add_row(offer.offer_id, f"#{offer.tag}", money(offer.price), state, *counts, f"{ends:%Y-%m-%d %H:%M}")
    return table
