"""The control API under /sandbox and the card ledger page for people."""

from pathlib import Path

from aiohttp import web

from sandbox.cardnet.book import Book
from sandbox.cardnet.card_numbers import mint_number
from sandbox.cardnet.card_ranges import RANGES
from sandbox.cardnet.errors import invalid
from sandbox.cardnet.faults import Faults, read_fault
from sandbox.cardnet.http_exchange import json_answer, now, read_object
from sandbox.cardnet.records import Authorization

ROWS_MAX = 200
LAST4_DIGITS = 4
_STATIC = Path(__file__).parent / "static"
_PAGE = (_STATIC / "ledger.html").read_text(encoding="utf-8")


class Page:
    """What a person or a test does beside the API; it needs no key, for it listens on this machine only."""

    def __init__(self, *, book: Book, faults: Faults) -> None:
        self._book = book
        self._faults = faults

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses of page and control API."""
        return [
            web.get("/", self._page),
            web.static("/static", _STATIC),
            web.get("/sandbox/view", self._view),
            web.get("/sandbox/cards", self._cards),
            web.get("/sandbox/faults", self._list_faults),
            web.post("/sandbox/faults", self._arm),
            web.delete("/sandbox/faults", self._disarm),
            web.post("/sandbox/authorizations/{authorization}/lapse", self._lapse),
        ]

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def _view(self, request: web.Request) -> web.Response:
        last4 = request.query.get("last4", "")
        if last4 and not (len(last4) <= LAST4_DIGITS and last4.isascii() and last4.isdigit()):
            raise invalid("out_of_range", "`last4` is up to four digits.", param="last4")
        self._book.lapse_due(at=now())
        return json_answer(
            {
                "version": self._book.version,
                "totals": self._book.ledger.totals,
                "declined_count": self._book.declined_count,
                "authorizations": [self._row(authorization) for authorization in self._newest(last4)],
            }
        )

    def _newest(self, last4: str) -> list[Authorization]:
        rows = []
        for authorization in self._book.authorizations.newest_first():
            if authorization.last4.endswith(last4):
                rows.append(authorization)
            if len(rows) == ROWS_MAX:
                break
        return rows

    def _row(self, authorization: Authorization) -> dict[str, object]:
        capture = self._book.captures.get(authorization.capture) if authorization.capture else None
        refunded_minor = capture.refunded_minor if capture else 0
        return {"authorization": authorization, "refunded_minor": refunded_minor}

    async def _cards(self, _: web.Request) -> web.Response:
        return json_answer([{"range": entry, "example": mint_number(0, card_range=entry.prefix)} for entry in RANGES])

    async def _list_faults(self, _: web.Request) -> web.Response:
        return json_answer({"faults": self._faults.armed()})

    async def _arm(self, request: web.Request) -> web.Response:
        self._faults.arm(read_fault(await read_object(request)))
        return await self._list_faults(request)

    async def _disarm(self, request: web.Request) -> web.Response:
        self._faults.disarm()
        return await self._list_faults(request)

    async def _lapse(self, request: web.Request) -> web.Response:
        return json_answer(self._book.lapse_now(request.match_info["authorization"], at=now()))
