"""Forms: what a page asks to be filled in, read as a browser reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_UNFILLED = frozenset({"submit", "button", "image", "reset", "file"})


@dataclass(slots=True, kw_only=True)
class Form:
    """A form: where it goes, what it holds already, its boxes to tick, and its buttons by what is written on them."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def filled(self, values: Mapping[str, str], *, tick: bool = False, button: str = "") -> dict[str, str]:
        """Fill it in; `tick` ticks every box, `button` is the words on the button pressed."""
        named = self.buttons.get(button, ("", ""))
        pressed = {named[0]: named[1]} if named[0] else {}
        return {**self.fields, **(self.boxes if tick else {}), **values, **pressed}


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a page says and asks: its words, and its forms."""

    text: str
    title: str
    forms: list[Form]


def read_html(html: str) -> Reading:
    """Read a page; broken HTML is read as far as it goes."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Reading(text=" ".join(" ".join(reader.words).split()), title=reader.title.strip(), forms=reader.forms)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.title = ""
        self.forms: list[Form] = []
        self._inside: list[str] = []
        self._form: Form | None = None
        self._button: tuple[str, str] | None = None
        self._button_words = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins."""
        facts = {name: value or "" for name, value in attrs}
        if tag in {"title", "script", "style"}:
            self._inside.append(tag)
        elif tag == "form":
            self._form = Form(action=facts.get("action", ""), method=facts.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, facts, self._form)

    def handle_endtag(self, tag: str) -> None:
        """Note what ends."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        elif tag == "form":
            self._form = None
        elif tag == "button" and self._form is not None and self._button is not None:
            self._form.buttons[" ".join(self._button_words.split())] = self._button
            self._button = None
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        """Note words."""
        if "title" in self._inside:
            self.title += data
        elif not self._inside:
            self.words.append(data)
            self._button_words += data

    def _field(self, tag: str, facts: dict[str, str], form: Form) -> None:
        if tag == "input":
            _input(facts, form)
        elif tag == "textarea":
            form.fields[facts.get("name", "")] = ""
        elif tag == "select":
            self._select = facts.get("name", "")
            form.fields[self._select] = ""
        elif tag == "option" and self._select:
            if "selected" in facts or not form.fields[self._select]:
                form.fields[self._select] = facts.get("value", "")
        elif tag == "button":
            self._button, self._button_words = (facts.get("name", ""), facts.get("value", "")), ""


def _input(facts: dict[str, str], form: Form) -> None:
    kind, name = facts.get("type", "text"), facts.get("name", "")
    if not name or kind in _UNFILLED:
        return
    if kind == "checkbox":
        form.boxes[name] = facts.get("value", "on")
    elif kind != "radio" or "checked" in facts:
        form.fields[name] = facts.get("value", "")
