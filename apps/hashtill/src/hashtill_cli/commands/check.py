"""`hashtill check`: prove on the running suite that nothing was lost, taken twice, kept or told."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Annotated

import aiohttp
import asyncpg
import nats.errors
import structlog
import typer

from chassis.jetstream import JetStreamError
from chassis.lifecycle import NotThereError
from hashtill_cli.calling import AsJson, Data, fail, first_line
from hashtill_cli.checking.following.process import main as follow_for_ever
from hashtill_cli.checking.printing import json_lines, print_check
from hashtill_cli.checking.reading.places import PREFIX, places_of
from hashtill_cli.checking.run import check as run_check
from hashtill_cli.consoles import console
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from hashtill_cli.supervisor.address_book import NotRunningError

SETTLE_SECONDS_MAX = 3_600.0

CANNOT_READ = (
    NotThereError,
    JetStreamError,
    nats.errors.Error,
    aiohttp.ClientError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
)
"""How a place says that it is not there, or not what it was said to be."""

Settle = Annotated[
    float,
    typer.Option(
        "--settle", min=0.0, max=SETTLE_SECONDS_MAX, help="First wait until nothing moves, at most so many seconds."
    ),
]


Follow = Annotated[
    bool, typer.Option("--follow", help="Go on for ever, judging what changes; a breach is a log line, once.")
]


def check(
    data: Data = Path(DEFAULT_NAME),
    settle: Settle = 0.0,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way
    follow: Follow = False,  # noqa: FBT002 - typer's way
) -> None:
    """Prove I1 to I10 on the running suite: a line each; ends with 1 when one is broken."""
    if follow:
        raise typer.Exit(follow_for_ever({**os.environ, f"{PREFIX}DATA": str(data)}))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # the lines are for people
    try:
        done = asyncio.run(run_check(places_of(data), settle_seconds=settle))
    except NotRunningError as problem:
        fail(str(problem))
    except CANNOT_READ as problem:
        fail(f"The check could not read everything: {first_line(problem)}. Is the suite whole, and each address right?")
    if as_json:
        for line in json_lines(done):
            typer.echo(line)
    else:
        print_check(done, console())
    raise typer.Exit(0 if done.clean else 1)
