"""The book of purchases: who is buying what just now, what each waited for, and how long it took."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """A linked cardmember."""

    user_id: str
    email: str


@dataclass(slots=True, kw_only=True)
class Purchase:
    """One purchase on its way; times in seconds of one clock, 0 while something has not happened."""

    buyer: Buyer
    post_id: str = ""
    order_id: str = ""
    posted_at: float = 0.0
    replied_at: float = 0.0
    confirmed_at: float = 0.0
    ended_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class Book:
    """Every purchase, by what it is recognised by next."""

    idle: deque[Buyer]
    by_user: dict[str, Purchase] = field(default_factory=dict)
    by_email: dict[str, Purchase] = field(default_factory=dict)
    by_post: dict[str, Purchase] = field(default_factory=dict)
    by_order: dict[str, Purchase] = field(default_factory=dict)
    early: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Prompts (tag, time) heard before X told us the id of the post they answer."""
    done: list[Purchase] = field(default_factory=list)
    begun: int = 0
    receipts: int = 0
    surplus_replies: int = 0
    surplus_receipts: int = 0

    @classmethod
    def of(cls, buyers: Iterable[Buyer]) -> "Book":
        """Open it: nobody buys yet."""
        return cls(idle=deque(buyers))

    @property
    def in_flight(self) -> int:
        """Count the purchases begun and not ended."""
        return len(self.by_user)

    def begin(self) -> Purchase:
        """Let the buyer who has rested longest begin; there must be one."""
        buyer = self.idle.popleft()
        purchase = Purchase(buyer=buyer)
        self.by_user[buyer.user_id] = self.by_email[buyer.email] = purchase
        self.begun += 1
        return purchase

    def posted(self, purchase: Purchase, *, post_id: str, order_id: str, at: float) -> str:
        """Note the purchase post; gives the tag to confirm with when its prompt was heard already, else nothing."""
        purchase.post_id, purchase.order_id, purchase.posted_at = post_id, order_id, at
        self.by_post[post_id] = self.by_order[order_id] = purchase
        tag, purchase.replied_at = self.early.pop(post_id, ("", 0.0))
        return tag

    def replied(self, post_id: str, *, tag: str, at: float) -> Purchase | None:
        """Note the prompt and give its purchase; None for what prompts nothing, or prompts again."""
        purchase = self.by_post.get(post_id)
        if purchase is None:
            self.early[post_id] = (tag, at)
            return None
        if purchase.replied_at:
            self.surplus_replies += 1
            return None
        purchase.replied_at = at
        return purchase

    def received(self, purchase: Purchase | None, *, at: float, arrivals: int = 1) -> None:
        """Note a receipt: it ends the purchase, and its buyer may buy again."""
        self.receipts += 1
        if purchase is None or arrivals > 1:
            self.surplus_receipts += 1
            return
        purchase.ended_at = at
        self.done.append(purchase)
        buyer = purchase.buyer
        del self.by_user[buyer.user_id], self.by_email[buyer.email]
        del self.by_post[purchase.post_id], self.by_order[purchase.order_id]
        self.idle.append(buyer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What was reached within a window."""

    ended: int
    per_second: float
    reply_p50_ms: float
    reply_p99_ms: float
    receipt_p50_ms: float
    receipt_p99_ms: float


def pace_of(purchases: Iterable[Purchase], *, since: float, until: float) -> Pace:
    """Measure the purchases that ended within the window."""
    ended = [each for each in purchases if since <= each.ended_at < until]
    replies = sorted(each.replied_at - each.posted_at for each in ended)
    receipts = sorted(each.ended_at - each.confirmed_at for each in ended)
    return Pace(
        ended=len(ended),
        per_second=len(ended) / (until - since),
        reply_p50_ms=percentile(replies, 50) * 1_000,
        reply_p99_ms=percentile(replies, 99) * 1_000,
        receipt_p50_ms=percentile(receipts, 50) * 1_000,
        receipt_p99_ms=percentile(receipts, 99) * 1_000,
    )


def percentile(ordered: list[float], percent: int) -> float:
    """Give the value that so many per cent do not exceed (nearest rank); 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]
