"""`hashtill dead`: the messages that could not be handled or published; show them, replay them, drop them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from getpass import getuser
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.dead_letters import (
    DeadLetter,
    drop_dead_letters,
    list_dead_letters,
    replay_dead_letters,
    show_dead_letters,
)
from chassis.postgres import Database
from hashtill_cli.calling import AsJson, Data, fail, first_line
from hashtill_cli.checking.reading.places import places_of
from hashtill_cli.commands.dead_tables import json_of, letter_table, letters_table
from hashtill_cli.consoles import console
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from hashtill_cli.supervisor.address_book import NotRunningError
from kernel.secret import Secret

dead = typer.Typer(name="dead", help="Dead letters of every service.", no_args_is_help=True)

IDS_MAX = 1_000

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

Service = Annotated[str, typer.Argument(help="The service whose database holds them, orders for instance.")]
Ids = Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers as `hashtill dead list` shows them.")]
By = Annotated[str, typer.Option("--by", help="Who does this; it is kept with the letter.")]


@dead.command("list")
def list_all(
    data: Data = Path(DEFAULT_NAME),
    service: Annotated[str, typer.Option("--service", help="Only this one's.")] = "",
    also_resolved: Annotated[bool, typer.Option("--all", help="Those replayed or dropped, too.")] = False,  # noqa: FBT002 - typer's way
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """List dead letters, newest first."""
    found = _in(data, service, lambda at: list_dead_letters(at, also_resolved=also_resolved))
    if as_json:
        _print_json(found)
    else:
        console().print(letters_table(found))


@dead.command("show")
def show(
    service: Service,
    ids: Ids,
    data: Data = Path(DEFAULT_NAME),
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
) -> None:
    """Show dead letters whole: where they come from, why they died, what they say."""
    found = _in(data, service, lambda at: show_dead_letters(at, _bounded(ids)))
    if not found[service]:
        fail(f"The {service} service has no such dead letter. See: hashtill dead list --all")
    if as_json:
        _print_json(found)
        return
    for letter in found[service]:
        console().print(letter_table(service, letter))


@dead.command("replay")
def replay(service: Service, ids: Ids, by: By = "", data: Data = Path(DEFAULT_NAME)) -> None:
    """Hand them to their consumer again; it takes them up within seconds."""
    who = by or _operator()
    done = _in(data, service, lambda at: replay_dead_letters(at, _bounded(ids), by=who))[service]
    _tell(service, ids, done, word="handed to their consumer again")


@dead.command("drop")
def drop(service: Service, ids: Ids, by: By = "", data: Data = Path(DEFAULT_NAME)) -> None:
    """Close them for good; nothing handles them any more."""
    who = by or _operator()
    done = _in(data, service, lambda at: drop_dead_letters(at, _bounded(ids), by=who))[service]
    _tell(service, ids, done, word="dropped")


def _in(data: Path, service: str, work: Work[T]) -> dict[str, T]:
    """Do something in one service's database, or in every one's; each in a transaction."""
    try:
        databases = places_of(data).databases
    except NotRunningError as problem:
        fail(str(problem))
    if service and service not in databases:
        fail(f"There is no service {service!r}. There are: {', '.join(databases)}.")
    wanted = {name: dsn for name, dsn in databases.items() if service in {"", name}}
    try:
        return asyncio.run(_each(wanted, work))
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as problem:
        fail(f"A database did not answer: {first_line(problem)}. Is the suite whole, and each address right?")


async def _each(databases: dict[str, str], work: Work[T]) -> dict[str, T]:
    done: dict[str, T] = {}
    for name, dsn in databases.items():
        database = Database.open(Secret(dsn), application_name="hashtill dead")
        try:
            async with database.transaction() as connection:
                done[name] = await work(connection)
        finally:
            await database.close()
    return done


def _bounded(ids: Sequence[int]) -> list[int]:
    if len(ids) > IDS_MAX:
        fail(f"At most {IDS_MAX} at once; these are {len(ids)}.")
    return list(ids)


def _operator() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"


def _tell(service: str, ids: Sequence[int], done: int, *, word: str) -> None:
    typer.echo(f"{done} of {len(set(ids))} {word} ({service}).")
    if not done:
        fail("None of them was open. See: hashtill dead list --all")


def _print_json(found: dict[str, list[DeadLetter]]) -> None:
    for service, letters in found.items():
        for letter in letters:
            typer.echo(json_of(service, letter))
