"""`hashtill orders`: list them, show one, and tell its whole story."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as pb
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from hashtill_cli.calling import PAGE_ROWS, PAGES_MAX, AsJson, Data, call, fail, print_json
from hashtill_cli.commands.orders_tables import order_table, orders_table, steps_table, verdicts_table
from hashtill_cli.consoles import console
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from kernel.ids import Network, PostId, X, order_id_of

if TYPE_CHECKING:
    from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

orders = typer.Typer(name="orders", help="Orders of the running suite.", no_args_is_help=True)

ROWS = 50

OrderId = Annotated[str | None, typer.Argument(metavar="[ORDER]", help="The order's id.")]
Post = Annotated[str | None, typer.Option("--post", help="Instead: the post that made it (any version).")]
FromNetwork = Annotated[str, typer.Option("--network", help="The post's network.")]


@orders.command("list")
def list_all(
    data: Data = Path(DEFAULT_NAME),
    state: Annotated[str, typer.Option("--state", help="Only those in this state, COMPLETED for instance.")] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, max=PAGE_ROWS * PAGES_MAX, help="At most so many.")] = ROWS,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """List orders, newest first."""
    states = [_state(state)] if state else []
    found = call("orders", OrdersServiceStub, lambda stub: _read(stub, states=states, rows=rows), data=data)
    if as_json:
        for order in found:
            print_json(order)
    else:
        console().print(orders_table(found))


@orders.command("show")
def show(
    order_id: OrderId = None,
    post: Post = None,
    network: FromNetwork = X,
    data: Data = Path(DEFAULT_NAME),
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """Show one order as it stands."""
    request = pb.GetOrderRequest(order_id=_order_id(order_id, post=post, network=network))
    found = call("orders", OrdersServiceStub, lambda stub: stub.GetOrder(request), data=data).order
    if as_json:
        print_json(found)
    else:
        console().print(order_table(found))


@orders.command("explain")
def explain(
    order_id: OrderId = None,
    post: Post = None,
    network: FromNetwork = X,
    data: Data = Path(DEFAULT_NAME),
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """Tell an order's whole story, step by step; of a post that made none, the verdict on it."""
    request = _subject(order_id, post=post, network=network)
    story = call("orders", OrdersServiceStub, lambda stub: stub.ExplainOrder(request), data=data)
    if as_json:
        print_json(story)
        return
    shown = console()
    if story.steps:
        shown.print(steps_table(story.steps))
    shown.print(verdicts_table(story.verdicts))


async def _read(
    stub: "OrdersServiceAsyncStub", *, states: list["order_pb2.OrderState.ValueType"], rows: int
) -> list[order_pb2.Order]:
    found: list[order_pb2.Order] = []
    token = ""
    for _ in range(PAGES_MAX):
        size = min(PAGE_ROWS, rows - len(found))
        page = await stub.ListOrders(pb.ListOrdersRequest(page_size=size, page_token=token, states=states))
        found.extend(page.orders)
        token = page.next_page_token
        if not token or len(found) >= rows:
            break
    return found


def _state(word: str) -> "order_pb2.OrderState.ValueType":
    try:
        return order_pb2.OrderState.Value(f"ORDER_STATE_{word.upper()}")
    except ValueError:
        names = ", ".join(name.removeprefix("ORDER_STATE_") for name in order_pb2.OrderState.keys()[1:])
        fail(f"There is no state {word!r}. There are: {names}.")


def _subject(order_id: str | None, *, post: str | None, network: str) -> pb.ExplainOrderRequest:
    """Ask about a post as a post: it may have made no order, or be a confirmation."""
    if post is not None and order_id is None:
        return pb.ExplainOrderRequest(post=pb.PostKey(network=network, post_id=post))
    return pb.ExplainOrderRequest(order_id=_order_id(order_id, post=post, network=network))


def _order_id(order_id: str | None, *, post: str | None, network: str) -> str:
    if (order_id is None) == (post is None):
        fail("Name an order by its id, or the post that made it by --post.")
    return order_id or str(order_id_of(network=Network(network), post_id=PostId(post or "")))
