"""The card page's HTTP server, in the same process: it drains as the gRPC server does."""

from aiohttp import web

SHUTDOWN_SECONDS = 2.0
"""Below the grace a stop gives; a page answers far sooner, the processor's card check included."""


class PageSite:
    """Serves one application on `listen` (host:port); `port` is the one really taken."""

    def __init__(self, listen: str, application: web.Application) -> None:
        self._listen = listen
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        self.port = 0

    async def start(self) -> None:
        """Begin to answer."""
        host, _, port = self._listen.rpartition(":")
        await self._runner.setup()
        await web.TCPSite(self._runner, host, int(port)).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self, *, grace_seconds: float) -> None:  # noqa: ARG002 - the runner's own bound is below it
        """Refuse new requests and finish those in flight."""
        await self._runner.cleanup()
