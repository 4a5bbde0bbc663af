"""`hashtill offers`: apply a programme file, and see what is offered."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from chassis.grpc_client import open_channel
from hashtill.offers.v1 import offers_service_pb2_grpc
from hashtill_cli.calling import AsJson, Data, fail, print_json
from hashtill_cli.commands.offers_tables import applied_table, offers_table
from hashtill_cli.consoles import console
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from hashtill_cli.programme_files.applying import Applied, apply_programme
from hashtill_cli.programme_files.asking import ServerAwayError
from hashtill_cli.programme_files.listing import read_offers
from hashtill_cli.programme_files.places import Problems
from hashtill_cli.programme_files.programme import Programme, read_programme
from hashtill_cli.supervisor.address_book import NotRunningError
from hashtill_cli.targets import target_of

offers = typer.Typer(name="offers", help="Merchants and offers of the running suite.", no_args_is_help=True)

Target = Annotated[str | None, typer.Option("--target", help="host:port of the offers service.")]

T = TypeVar("T")
Stub: TypeAlias = "offers_service_pb2_grpc.OffersServiceAsyncStub"


@offers.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(help="The programme, as YAML.", exists=True, dir_okay=False)],
    data: Data = Path(DEFAULT_NAME),
    target: Target = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Create or change the merchants and offers of FILE, and publish those that say `publish: true`."""
    programme = _read(file)
    applied = _with_offers(data, target, lambda stub: apply_programme(programme, offers=stub, dry_run=dry_run))
    _show(applied, dry_run=dry_run)


@offers.command("list")
def list_all(
    data: Data = Path(DEFAULT_NAME),
    target: Target = None,
    merchant: Annotated[str, typer.Option("--merchant", help="Only this merchant's.")] = "",
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """List offers, newest first: tag, price, state and stock."""
    found = _with_offers(data, target, lambda stub: read_offers(stub, merchant_id=merchant))
    if as_json:
        for offer in found:
            print_json(offer)
    else:
        console().print(offers_table(found))


def _read(file: Path) -> Programme:
    try:
        return read_programme(file.read_text(encoding="utf-8"), file=str(file))
    except UnicodeDecodeError:
        fail(f"{file}:1:1: The file is no UTF-8 text.")
    except Problems as problems:
        fail(str(problems))


def _with_offers(data: Path, target: str | None, do: Callable[[Stub], Coroutine[Any, Any, T]]) -> T:
    """Run something against the offers service, and end the command with a sentence when it is not there."""

    async def run() -> T:
        channel = open_channel(target_of("offers", data=data, target=target))
        try:
            return await do(offers_service_pb2_grpc.OffersServiceStub(channel))
        finally:
            await channel.close(None)

    try:
        return asyncio.run(run())
    except (NotRunningError, ServerAwayError) as problem:
        fail(str(problem))


def _show(applied: Applied, *, dry_run: bool) -> None:
    console().print(applied_table(applied.rows, dry_run=dry_run))
    if applied.problems:
        fail("\n".join(str(problem) for problem in sorted(applied.problems)))
