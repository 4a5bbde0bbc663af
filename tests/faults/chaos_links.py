"""Links: a TCP wire of our own in every connection of the suite, to be cut, silenced or slowed while it is used."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

LOOPBACK = "127.0.0.1"

CHUNK_BYTES = 65_536


class Link:
    """One wire: who asks whom."""

    def __init__(self, name: str, *, leads_to: int) -> None:
        self.name, self._leads_to = name, leads_to
        self._delay_seconds = 0.0
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._carried: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Tear every connection, and each new one at once."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def silence(self) -> None:
        """Let nothing through: packets vanish, nobody is told."""
        self._flows.clear()

    def slow(self, seconds: float) -> None:
        """Let everything come so much later, both ways."""
        self._delay_seconds = seconds

    def heal(self) -> None:
        """Be a wire again; what was held back goes on."""
        self._is_cut, self._delay_seconds = False, 0.0
        self._flows.set()

    def join(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Take one connection up."""
        carried = asyncio.ensure_future(self._join(near, back))
        self._carried.add(carried)
        carried.add_done_callback(self._carried.discard)

    async def close(self) -> None:
        """Drop every connection."""
        for carried in self._carried:
            carried.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    async def _join(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._is_cut:
            back.transport.abort()
            return
        try:
            far, onward = await asyncio.open_connection(LOOPBACK, self._leads_to)
        except OSError:
            back.transport.abort()  # nobody answers there: the asker is torn off, as it would be without us
            return
        await self._carry(near, back, far, onward)

    async def _carry(
        self,
        near: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        far: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> None:
        self._open |= {back, onward}
        try:
            ways = [asyncio.ensure_future(self._pump(near, onward)), asyncio.ensure_future(self._pump(far, back))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._open -= {back, onward}
            onward.close()
            back.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(CHUNK_BYTES):
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            await self._flows.wait()
            sink.write(data)
            await sink.drain()


@asynccontextmanager
async def opened(written: str) -> AsyncIterator[Mapping[str, Link]]:
    """Open every link that was written down, until the end of the block."""
    async with AsyncExitStack() as stack:
        links = {}
        for name, (port, leads_to) in json.loads(written).items():
            links[name] = Link(name, leads_to=leads_to)
            server = await asyncio.start_server(links[name].join, LOOPBACK, port)
            stack.push_async_callback(links[name].close)
            stack.callback(server.close)
        yield links


def between(links: Mapping[str, Link], one: str, other: str) -> Iterable[Link]:
    """Give the wires between two, whoever asks; `*` is everybody."""
    for name, link in links.items():
        ends = set(name.split(">"))
        if other in ends and (one == "*" or one in ends):
            yield link
