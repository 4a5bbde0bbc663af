"""The merchants' page for people, and the control API: parcels, and goods that come back."""

from pathlib import Path

import orjson
from aiohttp import web
from grpc import StatusCode, aio

from hashtill.common.v1 import money_pb2
from hashtill.orders.v1 import order_pb2
from sandbox.merchant.warehouse import Warehouse

_STATIC = Path(__file__).parent / "static"
_PAGE = (_STATIC / "parcels.html").read_text(encoding="utf-8")

ROWS_MAX = 200

_AWAY = {StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED}


class Api:
    """`/`, `/sandbox/parcels` and `/sandbox/returns`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses."""
        return [
            web.get("/", self._page),
            web.static("/static", _STATIC),
            web.get("/sandbox/parcels", self._list),
            web.post("/sandbox/returns", self._take_back),
        ]

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def _list(self, _: web.Request) -> web.Response:
        parcels = [parcel.as_json() for parcel in self._warehouse.newest_first()[:ROWS_MAX]]
        return _json({"parcels": parcels})

    async def _take_back(self, request: web.Request) -> web.Response:
        """Read {"order_id", "merchant_id", "amount_minor", "currency_code"} and answer the order's state."""
        try:
            body = orjson.loads(await request.read())
            amount = money_pb2.Money(amount_minor=body["amount_minor"], currency_code=body["currency_code"])
            order = await self._warehouse.take_back(body["order_id"], body["merchant_id"], amount)
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": f"The return cannot be read: {error!r}"}, status=400)
        except aio.AioRpcError as error:
            return _json({"error": error.details()}, status=503 if error.code() in _AWAY else 409)
        return _json({"state": order_pb2.OrderState.Name(order.state)})


def _json(value: object, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
