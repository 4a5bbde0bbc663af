"""The process of its own: it tells its address, serves, and stops when told."""

import asyncio
import os
import signal
import sys

import aiohttp


async def test_it_starts_from_the_environment_serves_and_stops_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox.x",
        "--tier",
        "self_serve",
        env={**os.environ, "SANDBOX_X_PROGRAM_HANDLE": "OtherSync"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None

    try:
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().split()[-1]
            async with aiohttp.ClientSession() as session, session.get(url + "/sandbox/state") as response:
                state = await response.json()
            process.send_signal(signal.SIGTERM)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()

    assert (state["tier"], state["program"]["username"], code) == ("self_serve", "OtherSync", 0)


async def test_a_wrong_setting_names_itself() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.x", "--tier", "gold", stderr=asyncio.subprocess.PIPE
    )

    _, errors = await asyncio.wait_for(process.communicate(), timeout=20)

    assert process.returncode != 0
    assert b"tier" in errors
