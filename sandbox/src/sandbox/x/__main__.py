"""Runs the simulated X as a process of its own: `python -m sandbox.x --help` tells its settings."""

import asyncio
import signal

import uvloop
from pydantic_settings import CliApp

from sandbox.x.server import serve
from sandbox.x.settings import Settings


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    await serve(settings, stop)


if __name__ == "__main__":
    uvloop.run(_main(CliApp.run(Settings)))
