"""A process with a span and a metric for the collector named as its argument; telemetry is set once a process."""

import asyncio
import sys

from chassis.exporting import meter, start_exporting
from chassis.telemetry import span


async def main(endpoint: str) -> None:
    """Record both, and stop."""
    exporting = start_exporting(service="probe", otlp_endpoint=endpoint)
    with span("orders.hold"):
        meter("orders").create_counter("orders_held").add(1)
    await exporting.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
