"""An order in its cardmember's words: what each state means for them, and why an order could not be."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from hashtill.orders.v1 import order_pb2 as pb


class Tone(StrEnum):
    """How an order's head looks."""

    BUSY = "busy"
    ASK = "ask"
    GOOD = "good"
    QUIET = "quiet"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A head and a sentence."""

    title: str
    text: str
    tone: Tone


def _words(tone: Tone, title: str, text: str) -> Words:
    return Words(title=title, text=text, tone=tone)


UNKNOWN = _words(Tone.BUSY, "We are working on it", "This page follows along.")

STATES: Mapping[int, Words] = MappingProxyType(
    {
        pb.ORDER_STATE_RECEIVED: _words(Tone.BUSY, "We saw your post", "We are setting one aside for you."),
        pb.ORDER_STATE_HOLDING: _words(Tone.BUSY, "We saw your post", "We are setting one aside for you."),
        pb.ORDER_STATE_PROMPTING: _words(
            Tone.ASK, "One is set aside for you", "Our reply to your post is on its way. You may confirm here at once."
        ),
        pb.ORDER_STATE_AWAITING_CONFIRMATION: _words(
            Tone.ASK, "Do you want to buy it?", "Nothing is charged until you confirm."
        ),
        pb.ORDER_STATE_VERIFYING: _words(Tone.ASK, "One more check", "Please follow the message we sent you."),
        pb.ORDER_STATE_COMMITTING: _words(Tone.BUSY, "Confirmed", "We are asking your card now."),
        pb.ORDER_STATE_AUTHORIZING: _words(Tone.BUSY, "Confirmed", "We are asking your card now."),
        pb.ORDER_STATE_AUTHORIZED: _words(
            Tone.GOOD, "It is yours", "Your card is approved. You are charged when the order ships."
        ),
        pb.ORDER_STATE_READY_TO_SHIP: _words(
            Tone.GOOD, "Ready to ship", "The merchant has your order. You are charged when it ships."
        ),
        pb.ORDER_STATE_SHIPPING: _words(Tone.GOOD, "Being packed", "The merchant is preparing your parcel."),
        pb.ORDER_STATE_CAPTURING: _words(Tone.GOOD, "On its way", "Your order has left the merchant."),
        pb.ORDER_STATE_COMPLETED: _words(Tone.GOOD, "On its way", "Your order has shipped and is paid."),
        pb.ORDER_STATE_REFUNDING: _words(Tone.BUSY, "Refund under way", "The merchant took your return."),
        pb.ORDER_STATE_REFUNDED: _words(Tone.QUIET, "Refunded", "All of the money went back to your card."),
        pb.ORDER_STATE_RELEASING: _words(Tone.QUIET, "Closing your order", "Nothing is charged."),
        pb.ORDER_STATE_EXPIRED: _words(
            Tone.QUIET, "The time to confirm ran out", "Nothing was charged. Post the tag again if you still want it."
        ),
        pb.ORDER_STATE_CANCELLED: _words(Tone.QUIET, "Cancelled", "Nothing was charged."),
        pb.ORDER_STATE_DECLINED: _words(
            Tone.BAD, "Your card was declined", "Nothing was charged. Call the number on your card to learn why."
        ),
        pb.ORDER_STATE_REFUSED: _words(Tone.BAD, "This order could not be", "Nothing was charged."),
        pb.ORDER_STATE_VOIDING: _words(Tone.QUIET, "Taking it back", "The amount held on your card is being freed."),
        pb.ORDER_STATE_VOIDED: _words(Tone.QUIET, "Cancelled", "The amount held on your card was freed."),
        pb.ORDER_STATE_NEEDS_ATTENTION: _words(
            Tone.BUSY, "We are looking into it", "Something needs a person's eye. There is nothing you have to do."
        ),
    }
)
"""Every state; a new one reads as UNKNOWN until it has its words."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "SOLD_OUT": "It is sold out.",
        "ALL_HELD": "All of them are set aside for others just now. Some may come back: post the tag again soon.",
        "LIMIT_REACHED": "You have as many of these as one cardmember may have.",
        "ALREADY_OPEN": "You have an unconfirmed order of this already.",
        "OFFER_NOT_STARTED": "The offer had not started when you posted.",
        "OFFER_ENDED": "The offer was over when you posted.",
        "OFFER_PAUSED": "The offer is paused.",
        "OFFER_NOT_FOUND": "The offer is gone.",
        "CHANNEL_NOT_SERVED": "The offer is not made on this network.",
        "COUNTRY_NOT_SERVED": "It does not ship to your card's billing address.",
        "TOO_BUSY": "Too many people were ordering at once. Please post the tag again.",
        "HOLD_LAPSED": "It was set aside for too long and went back. Please post the tag again.",
        "REPLY_NOT_POSSIBLE": "We could not reply to your post, so you could not be asked to confirm.",
        "CARDMEMBER": "You cancelled it.",
        "NOT_ME": "You told us that it was not you. Your sync is frozen.",
        "POST_DELETED": "The post was deleted before the order was confirmed.",
        "LINK_ENDED": "The card is no longer synced with the account.",
        "NOT_SHIPPED": "The merchant did not ship in time.",
        "OPERATOR": "It was cancelled by customer service.",
        "CHARGE_LAPSED": "The approval of your card ran out before the order shipped.",
        "insufficient_funds": "The card had not enough credit left for it.",
        "expired_card": "The card has expired.",
    }
)
"""Why an order ended otherwise; a reason without words of its own adds none."""

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "PostRead": "We read your post",
        "StockHeld": "One was set aside for you",
        "HoldRefused": "None could be set aside",
        "ReplyPosted": "We asked you to confirm",
        "ReplyFailed": "We could not reply to your post",
        "ConfirmationKept": "Your confirmation arrived early and was kept",
        "Confirmed": "You confirmed",
        "VerificationAsked": "We asked for one more check",
        "Verified": "The check was passed",
        "DeadlinePassed": "A time limit passed",
        "TakenBack": "The order was taken back",
        "PostDeleted": "The post was deleted",
        "HoldCommitted": "It was put under your name",
        "HoldLost": "It was no longer set aside",
        "ChargeAuthorized": "Your card was approved",
        "ChargeAuthorizedButTakenBack": "The approval is given back",
        "ChargeDeclined": "Your card was declined",
        "ShipmentAccepted": "The merchant took the order on",
        "ShipmentRecorded": "The order was shipped",
        "ChargeCaptured": "Your card was charged",
        "ChargeLapsed": "The approval ran out",
        "ChargeVoided": "The amount held on your card was freed",
        "HoldReleased": "It went back on sale",
        "ReturnAsked": "The merchant took your return",
        "RefundedInPart": "Part of the money was given back",
        "RefundedInWhole": "The money was given back",
        "Disowned": "You told us that it was not you",
    }
)
"""The steps a cardmember is told; the others are ours alone."""

DEADLINES: Mapping[int, str] = MappingProxyType(
    {
        pb.ORDER_STATE_AWAITING_CONFIRMATION: "The time to confirm ran out",
        pb.ORDER_STATE_AUTHORIZED: "Sent on to the merchant",
        pb.ORDER_STATE_READY_TO_SHIP: "The merchant did not ship in time",
        pb.ORDER_STATE_PROMPTING: "We could not reply in time",
        pb.ORDER_STATE_HOLDING: "None could be set aside in time",
    }
)
"""What a passed deadline means, by the state it ended."""
