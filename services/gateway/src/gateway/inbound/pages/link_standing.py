"""How a link stands: its state in a cardmember's words, and what can be done about it."""

from gateway.inbound.pages.link_words import CARD_REASONS, Standing
from hashtill.identity.v1 import link_pb2

_FROZEN = {
    "NOT_ME": "You told us that an order was not yours, so nothing can be bought by this account. "
    "When your account is safe again, sync anew.",
}
_FROZEN_OTHERWISE = "Nothing can be bought by this account for now. Sync anew to use it again."


def standing_of(link: link_pb2.Link) -> Standing:
    """Say how a link stands."""
    match link.status:
        case link_pb2.LINK_STATUS_ACTIVE:
            return Standing(
                title="You're synced", text="Post a tag from Favorites and we take it from there.", tone="good"
            )
        case link_pb2.LINK_STATUS_PENDING_CARD:
            return Standing(
                title="One step left: your card",
                text="Your account is known. Now add the card that pays.",
                tone="wait",
                wants_card=True,
            )
        case link_pb2.LINK_STATUS_CARD_REFUSED:
            why = CARD_REASONS.get(link.refusal_reason, "That card cannot be synced.")
            return Standing(title="That card cannot be used", text=why, tone="bad", wants_card=True)
        case link_pb2.LINK_STATUS_FROZEN:
            why = _FROZEN.get(link.refusal_reason, _FROZEN_OTHERWISE)
            return Standing(title="This sync is frozen", text=why, tone="bad", is_over=True)
        case link_pb2.LINK_STATUS_ENDED:
            return Standing(
                title="This sync has ended",
                text="Your card is no longer connected to the account. You can sync again at any time.",
                tone="quiet",
                is_over=True,
            )
        case _:
            return Standing(
                title="Not finished yet",
                text="You started to sync and did not come back from the network. Start again below.",
                tone="wait",
                is_over=True,
            )
