"""A parcel: what the warehouse knows of one order, from the moment it is seen to the carrier's number."""

from dataclasses import dataclass
from hashlib import sha256

CARRIER = "UPS"

TRACKING_DIGITS = 16


@dataclass(slots=True, kw_only=True)
class Parcel:
    """One order to pack; `seen_at` and `accepted_at` are seconds of the event loop's clock."""

    order_id: str
    merchant_id: str
    title: str
    name: str
    city: str
    seen_at: float
    accepted_at: float | None = None
    shipped: bool = False

    @property
    def carrier(self) -> str:
        """Who carries it."""
        return CARRIER

    @property
    def tracking_number(self) -> str:
        """Give the carrier's number: the same for an order however often it is asked for."""
        digits = str(int(sha256(self.order_id.encode()).hexdigest(), 16))[:TRACKING_DIGITS]
        return f"1Z{digits}"

    def as_json(self) -> dict[str, object]:
        """Write what the page and the API show."""
        return {
            "order_id": self.order_id,
            "merchant_id": self.merchant_id,
            "title": self.title,
            "to": f"{self.name}, {self.city}",
            "state": "shipped" if self.shipped else "due" if self.accepted_at is None else "accepted",
            "carrier": self.carrier if self.shipped else "",
            "tracking_number": self.tracking_number if self.shipped else "",
        }
