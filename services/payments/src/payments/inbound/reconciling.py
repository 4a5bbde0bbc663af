"""Reconciling: a few times a day our ledger is held against the processor's, and what differs is told to a person."""

import structlog

from payments.domain.reconciling import Difference
from payments.usecases.ports import ProcessorLedger, Transactions
from payments.usecases.reconcile import reconcile

EVERY_SECONDS = 6 * 3_600.0
"""Often enough to find a difference on its day; both ledgers are read whole."""

TOLD_MAX = 100
"""Differences of one look that are told one by one; beyond it their number says enough."""


class Reconciler:
    """Compares the ledgers once a tick."""

    def __init__(self, *, transactions: Transactions, processor: ProcessorLedger) -> None:
        self._transactions, self._processor = transactions, processor

    async def run_once(self) -> bool:
        """Compare them and tell every difference; gives False: the next look is hours away."""
        log = structlog.get_logger()
        try:
            found = await reconcile(transactions=self._transactions, processor=self._processor)
        except ConnectionError as away:
            log.warning("reconciliation_waits", cause=str(away))
            return False
        for each in found.differences[:TOLD_MAX]:
            _tell(each)
        log.info("ledgers_compared", differences=len(found.differences), unsettled=found.unsettled)
        return False


def _tell(difference: Difference) -> None:
    structlog.get_logger().error(
        "ledger_differs",
        order_id=difference.reference,
        kind=difference.kind,
        currency_code=difference.currency_code,
        ours_minor=difference.ours_minor,
        theirs_minor=difference.theirs_minor,
    )
