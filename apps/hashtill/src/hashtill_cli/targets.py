"""Targets: where a service of the running suite answers gRPC."""

from pathlib import Path

from hashtill_cli.supervisor.address_book import read_address_book


def target_of(service: str, *, data: Path, target: str | None) -> str:
    """Give the target named on the command line, else the running suite's; raises NotRunningError with the remedy."""
    return target or read_address_book(data).processes[service]["grpc"]
