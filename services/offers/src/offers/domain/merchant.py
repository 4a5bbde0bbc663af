"""A merchant: who sells and ships."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from kernel.ids import MerchantId
from kernel.refusals import Refusal, RefusalKind
from offers.domain.violations import ID, Violations, check_text

NAME_CHARACTERS_MAX = 100
EMAIL_CHARACTERS_MAX = 254
"""The longest address SMTP can carry (RFC 5321)."""

_EMAIL = re.compile(r"[^\s@<>\"(),:;\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A merchant as it stands."""

    merchant_id: MerchantId
    display_name: str
    support_email: str
    updated_at: datetime

    def is_as(self, other: "Merchant") -> bool:
        """Tell whether two say the same, whenever they were written."""
        return replace(self, updated_at=other.updated_at) == other


def check_merchant(*, merchant_id: str, display_name: str, support_email: str, at: datetime) -> Merchant | Refusal:
    """Make a merchant of what a request says, or refuse every field that is wrong."""
    found = Violations()
    found.unless(ID.fullmatch(merchant_id), "merchant.merchant_id", "must be 3 to 50 lower-case letters, digits or -")
    check_text(found, display_name, "merchant.display_name", characters_max=NAME_CHARACTERS_MAX)
    sendable = support_email.isascii() and support_email.isprintable() and len(support_email) <= EMAIL_CHARACTERS_MAX
    is_email = sendable and _EMAIL.fullmatch(support_email)
    found.unless(is_email, "merchant.support_email", "must be an e-mail address such as help@acme.example")
    return found.refusal() or Merchant(
        merchant_id=MerchantId(merchant_id), display_name=display_name, support_email=support_email, updated_at=at
    )


def merchant_not_found(merchant_id: str) -> Refusal:
    """Say that there is no such merchant."""
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        reason="MERCHANT_NOT_FOUND",
        message=f"There is no merchant {merchant_id}; create it with UpdateMerchant and allow_missing.",
        facts={"merchant_id": merchant_id},
    )
