"""Rows: what the rules are fed, as the databases and the processor keep it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order; `entered_at` is when it came to its state."""

    order_id: UUID
    network: str
    post_id: str
    author_id: str
    link_id: UUID
    state: str
    entered_at: datetime
    currency_code: str | None
    total_minor: int | None
    confirm_by: datetime | None
    confirmation_kind: str | None
    confirmed_at: datetime | None
    confirmation_post_id: str | None
    confirmation_version_id: str | None
    second_step_asked: bool = False
    second_step_passed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRow:
    """One attempt to charge a card."""

    charge_id: UUID
    order_id: UUID
    state: str
    amount_minor: int
    currency_code: str
    captured_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One line of our ledger."""

    charge_id: UUID
    order_id: UUID
    kind: str
    debit_account: str
    credit_account: str
    amount_minor: int
    currency_code: str
    entered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRow:
    """One line of the processor's ledger; `authorization` is the one it belongs to."""

    sequence: int
    kind: str
    authorization: str
    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """Stock set aside for one order."""

    order_id: UUID
    offer_id: str | None
    state: str
    lapse_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One message to one recipient; `total_shown` is what a prompt said it costs."""

    delivery_id: UUID
    order_id: UUID | None
    channel: str
    purpose: str
    state: str
    in_reply_to: str | None
    network: str | None
    sent_id: str
    created_at: datetime
    total_shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """What a post came to."""

    order_id: UUID
    network: str
    post_id: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRow:
    """A version of a post as the gateway kept it."""

    network: str
    version_id: str
    author_id: str
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """Whose account a link is."""

    link_id: UUID
    network: str
    network_user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """An offer's stock beside its holds, counted in one statement."""

    offer_id: str
    total: int
    available: int
    held: int
    committed: int
    holds_held: int
    holds_committed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """That a post (or a version of it) ordered or confirmed."""

    network: str
    post: str
    order_id: UUID
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A published outbox row."""

    msg_id: str
    subject: str
    stream_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """What waits for somebody: an operation, a delivery, an outbox row."""

    kind: str
    id: str
    since: datetime
    order_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything kept about one order, from every book; `order` is None when only others know of it."""

    order_id: UUID
    order: OrderRow | None = None
    charges: Sequence[ChargeRow] = ()
    transfers: Sequence[TransferRow] = ()
    movements: Sequence[MovementRow] = ()
    holds: Sequence[HoldRow] = ()
    deliveries: Sequence[DeliveryRow] = ()
    verdicts: Sequence[VerdictRow] = ()
    confirming_posts: Sequence[PostRow] = ()
    link: LinkRow | None = None
    under_way: bool = False
    """An operation at the processor has no answer yet: the books may differ for that long."""
    forgotten: bool = False
    """Money moved before the processor's ledger begins: it cannot be compared."""
