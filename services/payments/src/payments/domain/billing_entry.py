"""A billing address as it was typed; goods ship there, so a parcel must be able to arrive."""

import re
from collections.abc import Mapping

from payments.domain.card import PostalAddress
from payments.domain.pan_shapes import holds_card_number
from payments.domain.regions import COUNTRIES, is_postal_code, is_region

TEXT_MAX = 100
"""Characters of a name or an address line (common/v1/postal_address.proto)."""

BILLING_FIELDS = ("name", "line1", "line2", "city", "region", "postal_code", "country")
"""What the address is typed into; shown again after a mistake, as the expiry is, while number and CVV never are."""

_REQUIRED = {
    "name": "Enter the name as it is printed on your card.",
    "line1": "Enter the street and the house number.",
    "city": "Enter the city or town.",
    "postal_code": "Enter the postal code.",
}
_PO_BOX = re.compile(
    r"\b(p[\s.]*o[\s.]*(box|b\b)|post\s*office\s*box|postal\s*box|pob\s*[0-9]|postfach|apartado|bo[iî]te\s*postale)",
    re.IGNORECASE,
)


def read_billing(form: Mapping[str, str]) -> PostalAddress | dict[str, str]:
    """Read the address; every field that is wrong is named at once."""
    typed = {field: " ".join(form.get(field, "").split()) for field in BILLING_FIELDS}
    typed |= {field: typed[field].upper() for field in ("region", "postal_code", "country")}
    errors = _missing(typed) | _place_errors(typed) | _unsafe(typed)
    if errors:
        return errors
    return PostalAddress(
        name=typed["name"],
        lines=tuple(line for line in (typed["line1"], typed["line2"]) if line),
        city=typed["city"],
        region=typed["region"],
        postal_code=typed["postal_code"],
        country_code=typed["country"],
    )


def _missing(typed: Mapping[str, str]) -> dict[str, str]:
    return {field: sentence for field, sentence in _REQUIRED.items() if not typed[field]}


def _place_errors(typed: Mapping[str, str]) -> dict[str, str]:
    errors, country = {}, typed["country"]
    if country not in COUNTRIES:
        return {"country": "Choose the country of your billing address."}
    if not is_region(typed["region"], country=country):
        errors["region"] = "Enter the state or region by its letters, for example NY."
    if typed["postal_code"] and not is_postal_code(typed["postal_code"], country=country):
        errors["postal_code"] = f"This is not a postal code of {COUNTRIES[country]}."
    errors |= {
        field: "Goods cannot be delivered to a PO box. Enter a street address."
        for field in ("line1", "line2")
        if _PO_BOX.search(typed[field])
    }
    return errors


def _unsafe(typed: Mapping[str, str]) -> dict[str, str]:
    """Refuse what is too long, unprintable, or a card number in the wrong field."""
    errors = {}
    for field, text in typed.items():
        if len(text) > TEXT_MAX:
            errors[field] = f"This is too long: at most {TEXT_MAX} characters."
        elif holds_card_number(text):
            errors[field] = "This looks like a card number. Enter it in its own field."
        elif not text.isprintable():
            errors[field] = "This holds characters that cannot be printed."
    return errors
