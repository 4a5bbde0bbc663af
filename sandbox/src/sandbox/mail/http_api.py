"""The JSON API over the mails, the watch stream, the faults, and the mailbox page."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from itertools import islice
from pathlib import Path

import orjson
from aiohttp import web

from sandbox.mail.faults import Faults, read_fault
from sandbox.mail.mailbox import Mail, Mailbox
from sandbox.mail.reading import read_mail

LIST_MAX = 1_000
LIST_DEFAULT = 100
DIGITS_MAX = 15
HTML_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; img-src * data:; style-src 'unsafe-inline'"
)
_STATIC = Path(__file__).parent / "static"
_PAGE = (_STATIC / "mailbox.html").read_text(encoding="utf-8")
_NEW_TAB = '<base target="_blank">'  # so that a mail's button leaves the frame

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
logger = logging.getLogger(__name__)


class MailApi:
    """The handlers; all need only the mailbox and the faults."""

    def __init__(self, *, mailbox: Mailbox, faults: Faults) -> None:
        self._mailbox = mailbox
        self._faults = faults

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses."""
        return [
            web.get("/", self._page),
            web.static("/static", _STATIC),
            web.get("/api/mails", self._list),
            web.delete("/api/mails", self._clear),
            web.get("/api/mails/{id}", self._get),
            web.get("/api/mails/{id}/raw", self._raw),
            web.get("/api/mails/{id}/html", self._html),
            web.get("/api/counts", self._counts),
            web.get("/sandbox/watch", self._watch),
            web.get("/sandbox/faults", self._list_faults),
            web.post("/sandbox/faults", self._arm),
            web.delete("/sandbox/faults", self._disarm),
        ]

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def _list(self, request: web.Request) -> web.Response:
        since = _whole(request.query.get("since", "0"))
        limit = min(_whole(request.query.get("limit", str(LIST_DEFAULT))), LIST_MAX)
        wanted = (mail for mail in self._mailbox.newest_first() if mail.number > since and _matches(mail, request))
        return _json({"mails": [self._summary(mail) for mail in islice(wanted, limit)]})

    async def _clear(self, _: web.Request) -> web.Response:
        self._mailbox.clear()
        return _json({"mails": []})

    async def _get(self, request: web.Request) -> web.Response:
        mail = self._find(request)
        return _json({**self._summary(mail), **read_mail(mail.raw)})

    async def _raw(self, request: web.Request) -> web.Response:
        return web.Response(body=self._find(request).raw, content_type="text/plain", charset="utf-8")

    async def _html(self, request: web.Request) -> web.Response:
        page = f"{_NEW_TAB}{read_mail(self._find(request).raw)['html']}"
        headers = {"Content-Security-Policy": HTML_POLICY}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _counts(self, _: web.Request) -> web.Response:
        box = self._mailbox
        return _json(
            {
                "accepted": box.accepted_count,
                "repeated": box.repeated_count,
                "kept": len(box),
                "kept_bytes": box.kept_bytes,
            }
        )

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        watcher = self._mailbox.watch()
        try:
            await response.prepare(request)
            while not watcher.ended and not watcher.lost:
                mails = await watcher.take()
                await response.write(b"".join(_dumps(self._summary(mail)) + b"\n" for mail in mails))
            if watcher.lost:
                await response.write(b'{"error":"too_slow"}\n')
        finally:
            self._mailbox.unwatch(watcher)
        return response

    async def _list_faults(self, _: web.Request) -> web.Response:
        return _json({"faults": self._faults.armed()})

    async def _arm(self, request: web.Request) -> web.Response:
        try:
            self._faults.arm(read_fault(orjson.loads(await request.read())))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return await self._list_faults(request)

    async def _disarm(self, request: web.Request) -> web.Response:
        self._faults.disarm()
        return await self._list_faults(request)

    def _find(self, request: web.Request) -> Mail:
        mail = self._mailbox.find(_whole(request.match_info["id"]))
        if mail is None:
            raise web.HTTPNotFound(text="There is no such mail, or it has left the memory.")
        return mail

    def _summary(self, mail: Mail) -> dict[str, object]:
        return mail.summary(arrivals=self._mailbox.arrivals(mail.headers.message_id))


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer {error: {message}} for every refusal."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _json({"error": {"message": error.text or error.reason}}, status=error.status)


def _matches(mail: Mail, request: web.Request) -> bool:
    to = request.query.get("to", "").casefold()
    message_id = request.query.get("message_id", "")
    subject = request.query.get("subject", "").casefold()
    return (
        (not to or any(to == recipient.casefold() for recipient in mail.envelope.recipients))
        and (not message_id or message_id.strip("<>") == mail.headers.message_id.strip("<>"))
        and (not subject or subject in mail.headers.subject.casefold())
    )


def _whole(text: str) -> int:
    if len(text) > DIGITS_MAX or not text.isascii() or not text.isdigit():
        raise web.HTTPBadRequest(text=f"{text[:DIGITS_MAX]!r} is not a whole number.")
    return int(text)


def _dumps(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def _json(value: object, *, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=_dumps(value), status=status, content_type="application/json")
