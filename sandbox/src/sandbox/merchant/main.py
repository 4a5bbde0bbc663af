"""Join the merchants' parts and work until told to stop."""

import asyncio
import logging

from aiohttp import web
from grpc import aio

from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from sandbox.merchant.http_api import Api
from sandbox.merchant.settings import Settings
from sandbox.merchant.warehouse import Warehouse

SHUTDOWN_SECONDS = 1.0

logger = logging.getLogger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    async with (
        aio.insecure_channel(settings.offers_target) as offers,
        aio.insecure_channel(settings.orders_target) as orders,
    ):
        warehouse = Warehouse(settings, offers=OffersServiceStub(offers), orders=OrdersServiceStub(orders))
        runner = await open_page(warehouse, settings.listen)
        try:
            await warehouse.run(stop)
        finally:
            await runner.cleanup()


async def open_page(warehouse: Warehouse, listen: str) -> web.AppRunner:
    """Open the page's port; port 0 takes a free one."""
    app = web.Application()
    app.add_routes(Api(warehouse).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    await web.TCPSite(runner, host, int(port)).start()
    logger.info("merchant_ready http://%s:%s", *runner.addresses[0][:2])
    return runner
