"""Run the merchants as a process of their own: `python -m sandbox.merchant`."""

import asyncio
import logging
import signal

import uvloop
from pydantic_settings import CliApp

from sandbox.merchant.main import serve
from sandbox.merchant.settings import Settings


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    uvloop.run(_run(CliApp.run(Settings)))
