"""Both servers on one data folder: what a suite needs beneath it, in one `with`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hashtill_cli.embedded.data_folder import data_folder
from hashtill_cli.embedded.databases import service_dsns
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import Nats, embedded_nats
from hashtill_cli.embedded.postgres import Postgres, embedded_postgres
from kernel.secret import Secret

SERVICES = ("identity", "offers", "orders", "payments", "notifier", "gateway")
"""Each owns a database and a role of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Running servers and the addresses services reach them by."""

    postgres: Postgres
    nats: Nats
    dsns: Mapping[str, Secret[str]]

    def dsn_of(self, service: str) -> Secret[str]:
        """Give the address of the service's own database, as its own role."""
        return self.dsns[service]


@contextmanager
def embedded_servers(folder: Path) -> Iterator[Servers]:
    """Hold the data folder, start PostgreSQL and nats-server on it, and stop both at the end."""
    with data_folder(folder) as data:
        keyring = Keyring(data)
        with embedded_postgres(data, keyring=keyring) as postgres, embedded_nats(data, keyring=keyring) as nats:
            yield Servers(postgres=postgres, nats=nats, dsns=service_dsns(postgres, keyring=keyring, services=SERVICES))
