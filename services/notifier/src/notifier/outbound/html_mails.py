"""HTML mails: MJML becomes HTML once for each shape that a template takes, and what differs is filled in afterwards."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import mrml
from markupsafe import escape

from notifier.outbound.templates import SAID, Templates

SHAPES_MAX = 256
"""A template has a few shapes (digital or not, with remorse or without); more means texts that differ every time."""

_PLACE = re.compile(r"zq(\d+)qz")
"""How the place of the n-th value is marked, see Templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mail's HTML between its values: `fixed` has one text more than there are `places`."""

    fixed: Sequence[str]
    places: Sequence[int]

    def filled(self, values: Sequence[object]) -> str:
        """Put values in, escaped."""
        written = [str(escape(value)) for value in values]
        parts = [self.fixed[0]]
        for place, text in zip(self.places, self.fixed[1:], strict=True):
            parts += (written[place], text)
        return "".join(parts)


def render_html(templates: Templates, name: str, facts: Mapping[str, str]) -> str:
    """Fill an MJML template and give its HTML, in lines short enough for mail."""
    said: list[object] = []
    mjml = templates.render(name, {**facts, SAID: said})
    return _shape_of(mjml).filled(said)


@lru_cache(maxsize=SHAPES_MAX)
def _shape_of(mjml: str) -> Shape:
    html = str(mrml.to_html(mjml).content).replace('">', '"\n>')  # a line may break inside any tag, and means nothing
    fixed = _PLACE.split(html)
    return Shape(fixed=fixed[::2], places=[int(place) for place in fixed[1::2]])
