"""The load of the timers' measurement, all in proportion to how many orders are pending."""

from dataclasses import dataclass

SERVICE = "orders"

MILLION = 1_000_000
RATE_A_MILLION = 3_300
"""Orders due a second: three times what a million windows of 15 minutes end in."""

BURST_A_MILLION = 100_000
OUTAGE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersLoad:
    """How many orders await their confirmation, how long they come due steadily, by how many processes of orders."""

    pending: int = MILLION
    seconds: float = 30
    idle_seconds: float = 10
    replicas: int = 1
    shared_buffers: str = "1GB"
    """PostgreSQL's memory: a million orders with their indexes take one gigabyte; the embedded default is an eighth."""

    @property
    def rate(self) -> float:
        """Orders due a second."""
        return RATE_A_MILLION * self.pending / MILLION

    @property
    def burst(self) -> int:
        """Orders due within one second."""
        return max(1, BURST_A_MILLION * self.pending // MILLION)

    def due_within(self, seconds: float) -> int:
        """Count the orders that come due in a time at the steady rate."""
        return max(1, round(self.rate * seconds))
