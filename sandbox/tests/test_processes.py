"""Mail, card network and merchants as processes of their own: each says where it is, and stops when told."""

import asyncio
import os
import signal
import sys

import pytest

NOWHERE = "127.0.0.1:1"
MERCHANT = {"SANDBOX_MERCHANT_ORDERS_TARGET": NOWHERE, "SANDBOX_MERCHANT_OFFERS_TARGET": NOWHERE}


@pytest.mark.parametrize("name", ["mail", "cardnet", "merchant"])
async def test_it_starts_tells_its_address_and_stops_on_sigterm(name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"sandbox.{name}", env={**os.environ, **MERCHANT}, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None

    try:
        async with asyncio.timeout(60):
            ready = (await process.stderr.readline()).decode()
            process.send_signal(signal.SIGTERM)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()

    assert ready.startswith(f"{name}_ready ")
    assert "http://127.0.0.1:" in ready
    assert code == 0
