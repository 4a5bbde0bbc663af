"""What people type into the card page: read when it can be, named field by field when it cannot."""

import pytest
from services.payments.tests.payments_world import ADDRESS, CVV, FORM, NOW, NUMBER

from payments.domain.card_entry import CardEntry, read_entry
from payments.domain.pan_shapes import holds_card_number

FULLWIDTH = "\N{FULLWIDTH DIGIT ONE}"
"""A digit to Unicode, and none on a card."""


def errors_of(**changes: str) -> dict[str, str]:
    read = read_entry(FORM | changes, at=NOW)
    assert isinstance(read, dict), read
    return read


def read_of(**changes: str) -> CardEntry:
    read = read_entry(FORM | changes, at=NOW)
    assert isinstance(read, CardEntry), read
    return read


def test_a_card_is_read_with_its_spaces_and_address() -> None:
    entry = read_of()

    assert (entry.number.reveal(), entry.cvv.reveal()) == (NUMBER, CVV)
    assert (entry.exp_month, entry.exp_year) == (12, 2030)
    assert entry.billing == ADDRESS
    assert NUMBER not in repr(entry)
    assert CVV not in repr(entry)


@pytest.mark.parametrize("expiry", ["12/30", "12 / 30", "12-30", "12/2030"])
def test_an_expiry_is_read_as_people_write_it(expiry: str) -> None:
    entry = read_of(expiry=expiry)

    assert (entry.exp_month, entry.exp_year) == (12, 2030)


def test_other_cards_have_three_digits_on_the_back() -> None:
    assert read_of(number="4111 1111 1111 1111", cvv="123").cvv.reveal() == "123"
    assert "back" in errors_of(number="4111 1111 1111 1111")["cvv"]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("", "front of your card"),
        ("3782 822463 1000", "15 digits"),
        ("3782 822463 10006", "One digit"),
        ("4111", "12 to 19"),
        (FULLWIDTH * 16, "12 to 19"),
        ("<script>", "12 to 19"),
    ],
)
def test_a_bad_number_is_told(number: str, sentence: str) -> None:
    assert sentence in errors_of(number=number)["number"]


@pytest.mark.parametrize(
    ("expiry", "sentence"),
    [
        ("", "month and year"),
        ("13/30", "month and year"),
        ("0/30", "month"),
        ("10/26", "expired"),
        ("12/47", "too far"),
    ],
)
def test_a_bad_expiry_is_told(expiry: str, sentence: str) -> None:
    assert sentence in errors_of(expiry=expiry)["expiry"]


@pytest.mark.parametrize("cvv", ["", "123", "12345", "12a4", FULLWIDTH * 4])
def test_a_bad_security_code_is_told(cvv: str) -> None:
    assert "4 digits" in errors_of(cvv=cvv)["cvv"]


@pytest.mark.parametrize("number", ["", "1234"])
def test_of_an_unknown_kind_of_card_no_place_for_the_code_is_claimed(number: str) -> None:
    told = errors_of(number=number, cvv="")["cvv"]
    assert "4 digits" in told
    assert "3 digits" in told
    assert "cvv" not in errors_of(number=number, cvv="12")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", " "),
        ("name", "n" * 101),
        ("name", "Ann\u200eExample"),
        ("line1", ""),
        ("line1", "P.O. Box 12"),
        ("line2", "po box 7"),
        ("line1", "Postfach 12 34"),
        ("line2", "Post Office Box 9"),
        ("city", ""),
        ("region", ""),
        ("region", "ZZ"),
        ("postal_code", ""),
        ("postal_code", "1028"),
        ("country", "XX"),
        ("country", ""),
        ("name", NUMBER),
        ("line1", "3782-822463-10005 Main St"),
    ],
)
def test_a_bad_address_is_told_field_by_field(field: str, text: str) -> None:
    assert list(errors_of(**{field: text})) == [field]


@pytest.mark.parametrize(
    ("country", "region", "postal_code"),
    [("CA", "ON", "k1a 0b1"), ("GB", "", "SW1A 1AA"), ("IE", "D", "D02 AF30"), ("US", "ny", "10285-0001")],
)
def test_addresses_of_other_countries_have_their_own_shape(country: str, region: str, postal_code: str) -> None:
    billing = read_of(country=country, region=region, postal_code=postal_code).billing

    assert (billing.country_code, billing.postal_code) == (country, postal_code.upper())


def test_a_street_with_box_in_its_name_is_a_street() -> None:
    assert read_of(line1="12 Boxwood Drive").billing.lines[0] == "12 Boxwood Drive"


def test_everything_wrong_is_told_at_once() -> None:
    assert set(errors_of(number="", expiry="", cvv="", name="", city="")) == {"number", "expiry", "cvv", "name", "city"}


def test_a_missing_form_is_only_wrong_fields() -> None:
    read = read_entry({}, at=NOW)

    assert isinstance(read, dict)
    assert "number" in read


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("call 378282246310005 now", True),
        ("3782 822463 10005 1230 1234", True),
        ("10 378282246310005", True),
        ("3782.822463.10005", True),
        ("378282246310006", False),
        ("12 Main St", False),
        ("212-555-0100", False),
        ("000000000000", False),
    ],
)
def test_card_numbers_are_found_in_texts(text: str, holds: bool) -> None:  # noqa: FBT001 - a table's column
    assert holds_card_number(text) is holds
