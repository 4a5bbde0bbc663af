"""Ids: every kind its own type; an order's id is derived from what caused it, so a repeat finds itself."""

import hashlib
import uuid
from typing import NewType

CardmemberId = NewType("CardmemberId", uuid.UUID)
LinkId = NewType("LinkId", uuid.UUID)
MerchantId = NewType("MerchantId", str)
OfferId = NewType("OfferId", str)
OrderId = NewType("OrderId", uuid.UUID)
ChargeId = NewType("ChargeId", uuid.UUID)
CardToken = NewType("CardToken", str)
Network = NewType("Network", str)
NetworkUserId = NewType("NetworkUserId", str)
PostId = NewType("PostId", str)

X = Network("x")

_ORDERS = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be001")
_MESSAGES = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be002")


def order_id_of(*, network: Network, post_id: PostId) -> OrderId:
    """Derive the order's id from the network and the first id of the post's edit history."""
    return OrderId(uuid.uuid5(_ORDERS, f"{network}:{post_id}"))


def message_id_of(*, aggregate: str, version: int, event: str) -> str:
    """Derive a message's id from the aggregate, its version and the event's name: sent again, it is the same.

    The text of uuid5, in half its time: every message of every service has one.
    """
    named = _MESSAGES.bytes + f"{aggregate}:{version}:{event}".encode()
    digits = hashlib.sha1(named, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
