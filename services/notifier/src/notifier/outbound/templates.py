"""Templates: the words people read, as files a non-programmer may edit; all of them are tried at the start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2 import TemplateSyntaxError as BrokenTemplate
from jinja2.runtime import new_context

FOLDER = Path(__file__).parent.parent / "templates"

POSTS = ("offer", "prompt", "refusal", "late", "declined", "receipt")
MAILS = (
    "prompt", "refusal", "receipt", "declined", "expired", "shipped", "delivered", "taken_back", "refunded",
    "link_activated", "link_frozen", "link_ended",
)  # fmt: skip

_ALL_FACTS = (
    "order_id", "handle", "merchant", "title", "price", "tax", "shipping", "total", "refunded", "confirmation_tag",
    "card_last4", "carrier", "tracking_number", "reason", "happened", "next_step", "tag", "network", "name",
    "program", "favorites_url", "order_url", "confirm_url", "disown_url", "link_url",
)  # fmt: skip
_TIMES_MAX = 256
"""Times kept as written: a mail says its deadline three times, in subject, text and HTML."""

_SAMPLE_TIME = "2026-11-23T12:00:00+00:00"
SAMPLE_FACTS = dict.fromkeys(_ALL_FACTS, "x") | {
    "window": "900",
    "digital": "",
    "time_zone": "UTC",
    **dict.fromkeys(("asked_at", "ends_at", "confirm_by", "remorse_ends_at", "deliver_by"), _SAMPLE_TIME),
}
"""Every word a template may use, with a value of its shape."""


class TemplatesError(Exception):
    """A template cannot be used: the sentence names file, line and what is wrong."""


class Templates:
    """The templates of one language."""

    def __init__(self, *, folder: Path = FOLDER, language: str = "en") -> None:
        self._folder = folder / language
        self._environment = Environment(
            loader=FileSystemLoader(self._folder),
            undefined=StrictUndefined,
            autoescape=select_autoescape(enabled_extensions=("mjml.j2",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,  # the folder's few dozen files, none ever dropped
        )
        self._environment.filters.update(when=_when, minutes=_minutes, day=_day, clock=_clock)

    def render(self, name: str, facts: Mapping[str, object]) -> str:
        """Fill a template, e.g. `posts/prompt.txt.j2`."""
        return "".join(self.pieces(name, facts))

    def pieces(self, name: str, facts: Mapping[str, object]) -> Sequence[str]:
        """Fill a template piece by piece; in HTML a value is Markup (escaped), the template's own words are plain."""
        asked = self._environment.get_template(name)
        known = {**self._environment.globals, **facts}  # Jinja would merge the same, one look-up at a time
        context = new_context(self._environment, asked.name, asked.blocks, known, shared=True)
        try:
            return list(asked.root_render_func(context))
        except Exception:  # noqa: BLE001 - Jinja raises it again, with the template's own line
            self._environment.handle_exception()

    def check(self) -> None:
        """Try every template once; raises TemplatesError naming the file, the line and what is wrong."""
        names = [f"posts/{name}.txt.j2" for name in POSTS]
        names += [f"mails/{name}.{kind}.j2" for name in MAILS for kind in ("txt", "mjml")]
        for name in names:
            self._try(name)

    def _try(self, name: str) -> None:
        try:
            self.render(name, SAMPLE_FACTS)
        except BrokenTemplate as error:
            raise TemplatesError(f"{self._folder / (error.name or name)}, line {error.lineno}: {error}.") from error
        except TemplateError as error:
            raise TemplatesError(f"{self._folder / name}, line {_line_of(error)}: {error}.") from error


def _line_of(error: BaseException) -> int:
    """Find the line of the template an error was raised at."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@lru_cache(maxsize=_TIMES_MAX)
def _when(written: str, time_zone: str = "UTC") -> str:
    """Write a time for people: Nov 23, 12:34:05 UTC."""
    at = datetime.fromisoformat(written).astimezone(ZoneInfo(time_zone))
    return f"{at:%b} {at.day}, {at:%H:%M:%S %Z}"


@lru_cache(maxsize=_TIMES_MAX)
def _day(written: str, time_zone: str = "UTC") -> str:
    """Write a day for people: Mon, Nov 23."""
    at = datetime.fromisoformat(written).astimezone(ZoneInfo(time_zone) if time_zone else UTC)
    return f"{at:%a}, {at:%b} {at.day}"


def _clock(written: str) -> str:
    """Write the time of day: 12:34:05. It tells apart replies that would otherwise read the same."""
    return f"{datetime.fromisoformat(written).astimezone(UTC):%H:%M:%S}"


def _minutes(written: str) -> str:
    """Write seconds for people: 15 minutes, or 20 seconds for a short window."""
    seconds = int(written)
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"  # noqa: PLR2004 - two minutes
