"""`hashtill post`: post on the simulated X as anybody."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from hashtill_cli.calling import Data, fail
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from hashtill_cli.supervisor.address_book import NotRunningError, read_address_book
from sandbox.x.client import XClient


def post(
    text: Annotated[str, typer.Argument(help="What to say.")],
    handle: Annotated[str, typer.Option("--as", help="Who posts: a handle of the simulated X.")],
    reply_to: Annotated[str | None, typer.Option("--reply-to", help="The post to reply to.")] = None,
    data: Data = Path(DEFAULT_NAME),
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Post, or reply, as somebody on the simulated X; prints the post's id."""
    try:
        url = f"http://{read_address_book(data).processes['sandbox-x']['http']}"
        post_id = asyncio.run(_post(url, handle.removeprefix("@"), text, reply_to))
    except NotRunningError as problem:
        fail(str(problem))
    except ValueError as problem:
        fail(f"X would not have it: {problem}")
    except aiohttp.ClientError as problem:
        fail(f"The simulated X does not answer ({problem}). Is the suite running (make up)?")
    if as_json:
        typer.echo(json.dumps({"post_id": post_id, "handle": handle, "timeline": url}))
    else:
        typer.echo(f"Posted as @{handle.removeprefix('@')}: {post_id}")
        typer.echo(f"See {url}/ or: hashtill orders explain --post {post_id}")


async def _post(url: str, handle: str, text: str, reply_to: str | None) -> str:
    async with aiohttp.ClientSession() as session:
        do = "reply" if reply_to else "post"
        return await XClient(session, url).act(do, handle, text=text, post_id=reply_to)
