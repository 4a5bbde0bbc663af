"""Programmes that come with Hashtill: templates of programme files, filled with times and a campaign."""

from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

PROGRAMME_2013 = "offers-2013.yaml"


def filled_programme(*, starts_at: datetime, ends_at: datetime, campaign: str = "", name: str = PROGRAMME_2013) -> str:
    """Fill a template: the window, and a suffix (such as "-b7") that makes the ids of a campaign its own.

    Tags stay as they were in 2013, so end the offers of the campaign before, or apply this one when they are over.
    """
    template = files("hashtill_cli.programmes").joinpath(name).read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)  # noqa: S701 - writes YAML
    return environment.from_string(template).render(
        starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat(), campaign=campaign
    )
