"""Calling a service of the running suite from a command: an answer, or one sentence that says what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from grpc import aio

from chassis.grpc_client import open_channel
from chassis.refusal_status import PEER_UNAVAILABLE, refusal_of
from hashtill_cli.supervisor.address_book import NotRunningError
from hashtill_cli.targets import target_of

PAGES_MAX = 100
"""20,000 rows; a person reads fewer."""

PAGE_ROWS = 200

Data = Annotated[Path, typer.Option("--data", help="The data folder of the running suite.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

T = TypeVar("T")


def call(service: str, stub_type: Callable[[aio.Channel], Any], do: Callable[[Any], Awaitable[T]], *, data: Path) -> T:
    """Run something against a service's stub; ends the command with a sentence when it cannot be done."""

    async def run() -> T:
        channel = open_channel(target_of(service, data=data, target=None))
        try:
            return await do(stub_type(channel))
        finally:
            await channel.close(None)

    try:
        return asyncio.run(run())
    except NotRunningError as problem:
        fail(str(problem))
    except aio.AioRpcError as error:
        fail(sentence_of(error, service=service))


def sentence_of(error: aio.AioRpcError, *, service: str) -> str:
    """Write a refused call as one sentence with its stable reason."""
    refusal = refusal_of(error)
    if refusal is None:
        return f"The {service} service failed: {error.details()}"
    if refusal.reason == PEER_UNAVAILABLE:
        return f"The {service} service does not answer. Is the suite running (make up)?"
    return f"{refusal.message} [{refusal.reason}]"


def first_line(problem: Exception) -> str:
    """Write what a library says of a failure in one line: its kind and the first line of its words."""
    return f"{type(problem).__name__}: {problem}".split("\n", 1)[0].rstrip(".: ")


def print_json(message: Message) -> None:
    """Print a message as one line of JSON."""
    typer.echo(MessageToJson(message, preserving_proto_field_name=True, indent=None))


def fail(message: str) -> NoReturn:
    """End the command with a sentence."""
    typer.echo(message, err=True)
    raise typer.Exit(1)
