"""Pages: the templates and static files of the simulated X, escaped by default."""

from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


class Pages:
    """Renders templates."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[web.RouteDef | web.StaticDef]:
        """Give the addresses of the style sheet and script."""
        return [web.static("/static", _HERE / "static")]

    def render(self, template: str, **facts: object) -> str:
        """Render a template to text."""
        return self._templates.get_template(template).render(**facts)

    def answer(self, template: str, *, status: int = 200, **facts: object) -> web.Response:
        """Answer a request with a page."""
        headers = {"Content-Security-Policy": "default-src 'self'; form-action *", "Cache-Control": "no-store"}
        return web.Response(
            text=self.render(template, **facts), status=status, content_type="text/html", headers=headers
        )
