"""`hashtill link`: who is linked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hashtill.identity.v1 import identity_service_pb2 as pb
from hashtill.identity.v1 import link_pb2
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill_cli.calling import PAGE_ROWS, PAGES_MAX, AsJson, Data, call, print_json
from hashtill_cli.commands.orders_tables import moment
from hashtill_cli.consoles import console
from hashtill_cli.embedded.data_folder import DEFAULT_NAME

if TYPE_CHECKING:
    from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub

link = typer.Typer(name="link", help="Links between cards and accounts.", no_args_is_help=True)

ROWS = 50


@link.callback()
def links() -> None:
    """Keep `list` a subcommand, even while there is only one."""


@link.command("list")
def list_all(
    data: Data = Path(DEFAULT_NAME),
    handle: Annotated[str, typer.Option("--handle", help="Only this account's.")] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, max=PAGE_ROWS * PAGES_MAX, help="At most so many.")] = ROWS,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """List links, newest first."""
    found = call("identity", IdentityServiceStub, lambda stub: _read(stub, handle=handle, rows=rows), data=data)
    if as_json:
        for each in found:
            print_json(each)
    else:
        console().print(_table(found))


async def _read(stub: "IdentityServiceAsyncStub", *, handle: str, rows: int) -> list[link_pb2.Link]:
    found: list[link_pb2.Link] = []
    token = ""
    for _ in range(PAGES_MAX):
        size = min(PAGE_ROWS, rows - len(found))
        page = await stub.ListLinks(pb.ListLinksRequest(page_size=size, page_token=token, handle=handle))
        found.extend(page.links)
        token = page.next_page_token
        if not token or len(found) >= rows:
            break
    return found


def _table(found: list[link_pb2.Link]) -> Table:
    table = Table("link", "account", "status", "why", "card", "ships to", "linked (UTC)")
    for each in found:
        table.add_row(
            each.link_id,
            f"@{each.handle} on {each.network}" if each.handle else each.network,
            link_pb2.LinkStatus.Name(each.status).removeprefix("LINK_STATUS_").replace("_", " ").lower(),
            each.refusal_reason,
            each.card_last4 and f"•••• {each.card_last4}",
            " ".join(filter(None, (each.ship_to_country, each.ship_to_region))),
            moment(each.linked_at),
        )
    return table
