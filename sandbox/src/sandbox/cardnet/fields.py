"""Fields: a strict reader of JSON objects; whatever is unknown, missing or of the wrong type is a 400 that names it."""

from collections.abc import Collection

import orjson

from sandbox.cardnet.errors import ProblemError, invalid

AMOUNT_MAX_MINOR = 99_999_999  # as the large processors: 999,999.99 in a currency with cents
CURRENCIES = ("USD", "GBP", "EUR", "CAD", "AUD", "JPY")
TEXT_MAX_CHARS = 200


def read_json(raw: bytes) -> object:
    """Decode a body; an empty one is an empty object."""
    try:
        return orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise invalid("invalid_json", f"The body is not JSON: {error}.") from None


class Fields:
    """One JSON object, read name by name."""

    def __init__(self, contents: object, *, allowed: Collection[str], within: str = "") -> None:
        if not isinstance(contents, dict):
            raise invalid("invalid_type", f"`{within or 'body'}` must be a JSON object.", param=within or None)
        self._contents = contents
        self._within = f"{within}." if within else ""
        for name in contents:
            if name not in allowed:
                raise invalid("unknown_field", f"`{self._within}{name}` is not a field.", param=self._within + name)

    def text(self, name: str, *, chars_max: int = TEXT_MAX_CHARS) -> str:
        """Read a required text of 1 to `chars_max` characters."""
        value = self._required(name)
        if not isinstance(value, str):
            raise self._wrong_type(name, "a string")
        if not 1 <= len(value) <= chars_max:
            raise invalid("invalid_length", f"`{name}` must have 1 to {chars_max} characters.", param=self._path(name))
        return value

    def optional_text(self, name: str, *, chars_max: int = TEXT_MAX_CHARS) -> str | None:
        """Read a text that may be absent or null."""
        return None if self._contents.get(name) is None else self.text(name, chars_max=chars_max)

    def whole(self, name: str) -> int:
        """Read a required integer; true, 1.0 and "1" are none."""
        value = self._required(name)
        if type(value) is not int:
            raise self._wrong_type(name, "an integer")
        return value

    def optional_whole(self, name: str, *, default: int, least: int, most: int) -> int:
        """Read an integer in bounds, or the default when it is absent or null."""
        value = default if self._contents.get(name) is None else self.whole(name)
        if not least <= value <= most:
            raise invalid("out_of_range", f"`{self._path(name)}` must be {least} to {most}.", param=self._path(name))
        return value

    def amount_minor(self, name: str) -> int:
        """Read a positive count of minor units."""
        value = self.whole(name)
        if value < 1:
            raise invalid("amount_too_small", f"`{name}` must be at least 1.", param=self._path(name))
        if value > AMOUNT_MAX_MINOR:
            raise invalid("amount_too_large", f"`{name}` may be {AMOUNT_MAX_MINOR} at most.", param=self._path(name))
        return value

    def currency(self, name: str) -> str:
        """Read an ISO 4217 code, upper case, of the ones this network settles."""
        value = self.text(name)
        if value not in CURRENCIES:
            known = ", ".join(CURRENCIES)
            raise invalid("currency_not_supported", f"`{name}` must be one of {known}.", param=self._path(name))
        return value

    def child(self, name: str, *, allowed: Collection[str]) -> "Fields":
        """Read a required object."""
        return Fields(self._required(name), allowed=allowed, within=self._path(name))

    def listed(self, name: str, *, items_max: int) -> list[object]:
        """Read a required array of 1 to `items_max` entries."""
        value = self._required(name)
        if not isinstance(value, list):
            raise self._wrong_type(name, "an array")
        if not 1 <= len(value) <= items_max:
            raise invalid("invalid_batch_size", f"`{name}` must have 1 to {items_max} entries.", param=self._path(name))
        return value

    def _required(self, name: str) -> object:
        value = self._contents.get(name)
        if value is None:
            raise invalid("missing_field", f"`{self._path(name)}` is required.", param=self._path(name))
        return value

    def _wrong_type(self, name: str, wanted: str) -> ProblemError:
        return invalid("invalid_type", f"`{self._path(name)}` must be {wanted}.", param=self._path(name))

    def _path(self, name: str) -> str:
        return self._within + name
