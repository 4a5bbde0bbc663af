"""Places: where everything that is checked is to be read, from the running suite's address book or from variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from hashtill_cli.embedded.keyring import FILE_NAME as KEYRING_FILE
from hashtill_cli.embedded.keyring import Keyring, derived_key
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.supervisor.address_book import AddressBook, NotRunningError, read_address_book
from kernel.secret import Secret

PREFIX = "HASHTILL_CHECK_"
"""Variables of an external suite; with HASHTILL_CHECK_ORDERS_DATABASE_URL set, no address book is read."""

SPANS_FOLDER = "spans"
"""Where in a suite's data folder a collector's files are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses; an empty one is not read, and what it would prove is left out and said so."""

    databases: Mapping[str, str] = field(repr=False)
    nats_url: str = field(default="", repr=False)
    processor_url: str = ""
    processor_key: str = field(default="", repr=False)
    processor_since: datetime | None = None
    """When the processor's ledger began; a sandbox keeps its own in memory only."""
    mail_url: str = ""
    x_url: str = ""
    logs: Path | None = None
    spans: Path | None = None
    """A folder of what a collector's file exporter wrote (OTLP as JSON lines)."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def places_of(data: Path, environ: Mapping[str, str] | None = None) -> Places:
    """Find everything; raises NotRunningError with the remedy."""
    given = os.environ if environ is None else environ
    if f"{PREFIX}ORDERS_DATABASE_URL" in given:
        return _external(given)
    return _embedded(read_address_book(data), data)


def _external(given: Mapping[str, str]) -> Places:
    names = {service: f"{PREFIX}{service.upper()}_DATABASE_URL" for service in SERVICES}
    if absent := [name for name in names.values() if name not in given]:
        raise NotRunningError(f"To check an external suite, set {', '.join(absent)} too.")
    logs, spans = given.get(f"{PREFIX}LOGS", ""), given.get(f"{PREFIX}SPANS", "")
    return Places(
        databases={service: given[name] for service, name in names.items()},
        nats_url=given.get(f"{PREFIX}NATS_URL", ""),
        processor_url=given.get(f"{PREFIX}PROCESSOR_URL", ""),
        processor_key=given.get(f"{PREFIX}PROCESSOR_KEY", ""),
        mail_url=given.get(f"{PREFIX}MAIL_URL", ""),
        x_url=given.get(f"{PREFIX}X_URL", ""),
        logs=Path(logs) if logs else None,
        spans=Path(spans) if spans else None,
        secrets={name: given[name] for name in (f"{PREFIX}PROCESSOR_KEY",) if name in given},
    )


def _embedded(book: AddressBook, data: Path) -> Places:
    folder = data.resolve()
    secrets = Keyring(folder).all() if (folder / KEYRING_FILE).exists() else {}
    spans = folder / SPANS_FOLDER
    card_network = book.processes.get("sandbox-cardnet", {}).get("http", "")
    return Places(
        databases=book.databases,
        nats_url=book.nats_url,
        processor_url=_http(card_network),
        processor_key=secrets.get("cardnet_api_key", ""),
        processor_since=_started(book.supervisor_pid, card_network),
        mail_url=_http(book.processes.get("sandbox-mail", {}).get("http", "")),
        x_url=_http(book.processes.get("sandbox-x", {}).get("http", "")),
        logs=Path(book.logs),
        spans=spans if spans.is_dir() else None,
        secrets=secrets | {f"{name}, derived": derived_key(Secret(password)) for name, password in secrets.items()},
    )


def _http(address: str) -> str:
    return f"http://{address}" if address else ""


def _started(supervisor_pid: int, address: str) -> datetime | None:
    """Ask when the process that listens there was started."""
    port = int(address.rpartition(":")[2] or 0)
    for process in psutil.Process(supervisor_pid).children(recursive=True):
        try:
            listens = port in {
                each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN
            }
        except psutil.Error:
            continue
        if listens:
            return datetime.fromtimestamp(process.create_time(), UTC)
    return None
