"""Forms: small, plain, and written by our own page in this very browser session."""

from collections.abc import Mapping

from aiohttp import web

from gateway.inbound.pages.browser import Browser

BODY_BYTES_MAX = 64 * 1024
"""Our largest form is under 1 kB."""

FORM_TOKEN = "form_token"  # noqa: S105 - the field's name
FORM_TYPE = "application/x-www-form-urlencoded"


class StaleFormError(Exception):
    """A form without the proof of this browser session: another site's, or of a session that is over."""


async def read_form(request: web.Request, browser: Browser) -> Mapping[str, str]:
    """Read a form's fields, the first of each name; raises StaleFormError unless this session's page wrote it."""
    if request.content_type != FORM_TYPE:
        raise web.HTTPUnsupportedMediaType
    try:
        posted = await request.post()
    except (UnicodeDecodeError, LookupError) as error:
        raise web.HTTPBadRequest from error
    fields = {name: value for name in posted if isinstance(value := posted[name], str)}
    if browser.is_new or not browser.wrote(fields.get(FORM_TOKEN, "")):
        raise StaleFormError
    return fields
