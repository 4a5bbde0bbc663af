"""A changed copy is what `dataclasses.replace` gives."""

from dataclasses import dataclass, replace

import pytest

from kernel.records import changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    number: str
    grams: int
    carrier: str | None = None


def test_a_copy_has_the_changes_and_leaves_the_record_as_it_was() -> None:
    parcel = Parcel(number="1Z", grams=900)

    copy = changed(parcel, carrier="UPS", grams=950)

    assert copy == replace(parcel, carrier="UPS", grams=950)
    assert hash(copy) == hash(replace(parcel, carrier="UPS", grams=950))
    assert parcel == Parcel(number="1Z", grams=900)


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        changed(Parcel(number="1Z", grams=900), colour="brown")
