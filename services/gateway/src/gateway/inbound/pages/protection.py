"""Protection: the headers every answer carries, so that a page runs only what is ours and tells nobody of you."""

from urllib.parse import urlsplit

from aiohttp import web

from gateway.inbound.pages.parts import PageOptions

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
)
"""No inline script or style anywhere; nothing from elsewhere."""

YEAR_SECONDS = 31_536_000


def protect(response: web.StreamResponse, request: web.Request, options: PageOptions) -> None:
    """Add the headers; what a handler has said about keeping stands."""
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_POLICY.format(forms=_forms(request.path, options))
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if options.is_https:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"
    headers.setdefault("Cache-Control", "no-store")
    headers.pop("Server", None)


def _forms(path: str, options: PageOptions) -> str:
    """Say where forms may lead: browsers hold the redirects behind a form to this too.

    Linking leads on to the network's consent page and to the card page, both of other origins.
    """
    if path != "/link" and not path.startswith("/link/"):
        return "'self'"
    return f"'self' {urlsplit(options.base_url).scheme}: https:"
