"""States, facts, commands and events: the words the saga's table is written in."""

from enum import StrEnum


class State(StrEnum):
    """Where an order stands."""

    RECEIVED = "RECEIVED"
    HOLDING = "HOLDING"
    PROMPTING = "PROMPTING"
    AWAITING_CONFIRMATION = "AWAITING_CONFIRMATION"
    VERIFYING = "VERIFYING"
    COMMITTING = "COMMITTING"
    AUTHORIZING = "AUTHORIZING"
    AUTHORIZED = "AUTHORIZED"
    READY_TO_SHIP = "READY_TO_SHIP"
    SHIPPING = "SHIPPING"
    CAPTURING = "CAPTURING"
    COMPLETED = "COMPLETED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    RELEASING = "RELEASING"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    DECLINED = "DECLINED"
    REFUSED = "REFUSED"
    VOIDING = "VOIDING"
    VOIDED = "VOIDED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"


class Fact(StrEnum):
    """What can happen to an order; the value is the cause that the order's story tells."""

    STEP_TAKEN = "StepTaken"
    STOCK_HELD = "StockHeld"
    HOLD_REFUSED = "HoldRefused"
    REPLY_POSTED = "ReplyPosted"
    REPLY_FAILED = "ReplyFailed"
    CONFIRMED = "Confirmed"
    VERIFICATION_ASKED = "VerificationAsked"
    VERIFIED = "Verified"
    DEADLINE_PASSED = "DeadlinePassed"
    TAKEN_BACK = "TakenBack"
    POST_DELETED = "PostDeleted"
    HOLD_COMMITTED = "HoldCommitted"
    HOLD_LOST = "HoldLost"
    AUTHORIZED = "ChargeAuthorized"
    AUTHORIZED_BUT_TAKEN_BACK = "ChargeAuthorizedButTakenBack"
    DECLINED = "ChargeDeclined"
    ACCEPTED = "ShipmentAccepted"
    SHIPPED = "ShipmentRecorded"
    CAPTURED = "ChargeCaptured"
    LAPSED = "ChargeLapsed"
    LAPSED_AGAIN = "ChargeLapsedAgain"
    VOIDED = "ChargeVoided"
    RELEASED = "HoldReleased"
    RETURN_ASKED = "ReturnAsked"
    REFUNDED_PART = "RefundedInPart"
    REFUNDED_WHOLE = "RefundedInWhole"
    STUCK = "StepImpossible"


class Command(StrEnum):
    """What the step runner does for an order in a state that waits for a peer."""

    HOLD = "hold"
    COMMIT = "commit"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    RELEASE = "release"
    REFUND = "refund"


class Event(StrEnum):
    """What the other services are told; the value is the protobuf message's name."""

    PURCHASE_REFUSED = "PurchaseRefused"
    CONFIRMATION_REFUSED = "ConfirmationRefused"
    HELD = "OrderHeld"
    PROMPTED = "OrderPrompted"
    CONFIRMED = "OrderConfirmed"
    EXPIRED = "OrderExpired"
    DECLINED = "OrderDeclined"
    AUTHORIZED = "OrderAuthorized"
    READY_TO_SHIP = "OrderReadyToShip"
    ACCEPTED = "OrderShipmentAccepted"
    SHIPPED = "OrderShipped"
    COMPLETED = "OrderCompleted"
    CANCELLED = "OrderCancelled"
    VOIDED = "OrderVoided"
    REFUNDED = "OrderRefunded"
    DISOWNED = "OrderDisowned"
    NEEDS_ATTENTION = "OrderNeedsAttention"


class Deadline(StrEnum):
    """Which limit of time a state is entered with."""

    REPLY = "reply"
    """Until when our reply must be posted."""
    CONFIRM_BY = "confirm by"
    """The end of the confirmation window, by the network's clock."""
    REMORSE = "remorse"
    """Until when the cardmember may take it back without the merchant."""
    UNSHIPPED = "unshipped"
    """Until when the merchant must have moved."""


class CancelReason(StrEnum):
    """Why an order is taken back."""

    CARDMEMBER = "CARDMEMBER"
    NOT_ME = "NOT_ME"
    POST_DELETED = "POST_DELETED"
    LINK_ENDED = "LINK_ENDED"
    NOT_SHIPPED = "NOT_SHIPPED"
    OPERATOR = "OPERATOR"
