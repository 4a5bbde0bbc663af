"""Streams that have no end of their own end when the process stops."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def until(stopping: asyncio.Event, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Give the items as they come, until the process stops."""
    stop = asyncio.ensure_future(stopping.wait())
    try:
        while True:
            item = asyncio.ensure_future(anext(items))
            try:
                await asyncio.wait({item, stop}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not item.done():
                    item.cancel()
            if item.cancelled() or not item.done():
                return
            yield item.result()
    finally:
        stop.cancel()
