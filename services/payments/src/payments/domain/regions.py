"""Countries, their regions, and the shape of their postal codes: what a billing address is checked against."""

import re
from collections.abc import Mapping
from types import MappingProxyType

COUNTRIES: Mapping[str, str] = MappingProxyType(
    {
        "US": "United States", "CA": "Canada", "GB": "United Kingdom", "AR": "Argentina", "AU": "Australia",
        "AT": "Austria", "BE": "Belgium", "BR": "Brazil", "DK": "Denmark", "FI": "Finland", "FR": "France",
        "DE": "Germany", "GR": "Greece", "HK": "Hong Kong", "IN": "India", "IE": "Ireland", "IL": "Israel",
        "IT": "Italy", "JP": "Japan", "LU": "Luxembourg", "MX": "Mexico", "NL": "Netherlands", "NZ": "New Zealand",
        "NO": "Norway", "PL": "Poland", "PT": "Portugal", "SG": "Singapore", "ES": "Spain", "SE": "Sweden",
        "CH": "Switzerland", "TW": "Taiwan", "TH": "Thailand",
    }
)  # fmt: skip
"""ISO 3166-1 alpha-2 codes of where cards are billed, the first ones most often chosen."""

_US = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR"
    " PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI AA AE AP"
)
_CA = "AB BC MB NB NL NS NT NU ON PE QC SK YT"
_REGIONS = MappingProxyType({"US": frozenset(_US.split()), "CA": frozenset(_CA.split())})
"""ISO 3166-2 parts where a region is needed, because tax or delivery depends on it."""

_POSTAL_CODES = MappingProxyType(
    {
        "US": re.compile(r"[0-9]{5}(-[0-9]{4})?"),
        "CA": re.compile(r"[ABCEGHJ-NPRSTVXY][0-9][A-Z] ?[0-9][A-Z][0-9]"),
        "GB": re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"),
        "AU": re.compile(r"[0-9]{4}"),
        "DE": re.compile(r"[0-9]{5}"),
        "FR": re.compile(r"[0-9]{5}"),
        "ES": re.compile(r"[0-9]{5}"),
        "IT": re.compile(r"[0-9]{5}"),
        "JP": re.compile(r"[0-9]{3}-?[0-9]{4}"),
    }
)
_ANY_POSTAL_CODE = re.compile(r"[A-Z0-9][A-Z0-9 -]{1,9}")
_ANY_REGION = re.compile(r"[A-Z0-9]{0,3}")


def is_region(code: str, *, country: str) -> bool:
    """Tell whether a region is one of the country's; where we keep no list, any ISO 3166-2 part or none."""
    known = _REGIONS.get(country)
    return code in known if known else _ANY_REGION.fullmatch(code) is not None


def is_postal_code(code: str, *, country: str) -> bool:
    """Tell whether a postal code has its country's shape."""
    return _POSTAL_CODES.get(country, _ANY_POSTAL_CODE).fullmatch(code) is not None
