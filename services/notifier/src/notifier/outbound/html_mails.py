"""HTML mails: MJML becomes HTML once for each shape that a template takes, and what differs is filled in afterwards."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

import mrml
from markupsafe import Markup

from notifier.outbound.templates import Templates

SHAPES_MAX = 256
"""A template has a few shapes (digital or not, with remorse or without); more means texts that differ every time."""

_PLACE = re.compile(r"zq(\d+)qz")
"""How the place of the n-th value is marked while MJML becomes HTML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mail's HTML between its values: `fixed` has one text more than there are `places`."""

    fixed: Sequence[str]
    places: Sequence[int]

    def filled(self, values: Sequence[str]) -> str:
        """Put values in, escaped as they come."""
        parts = [self.fixed[0]]
        for place, text in zip(self.places, self.fixed[1:], strict=True):
            parts += (values[place], text)
        return "".join(parts)


def render_html(templates: Templates, name: str, facts: Mapping[str, str]) -> str:
    """Fill an MJML template and give its HTML, in lines short enough for mail."""
    pieces = templates.pieces(name, facts)
    words = tuple([None if isinstance(piece, Markup) else piece for piece in pieces])
    return _shape_of(words).filled([piece for piece in pieces if isinstance(piece, Markup)])


@lru_cache(maxsize=SHAPES_MAX)
def _shape_of(words: Sequence[str | None]) -> Shape:
    """Make the shape of a template's own words; None is where a value stands."""
    places = count()
    mjml = "".join(f"zq{next(places)}qz" if word is None else word for word in words)
    html = str(mrml.to_html(mjml).content).replace('">', '"\n>')  # a line may break inside any tag, and means nothing
    fixed = _PLACE.split(html)
    return Shape(fixed=fixed[::2], places=[int(place) for place in fixed[1::2]])
