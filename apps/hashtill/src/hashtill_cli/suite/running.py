"""A running suite: servers, sandbox and services on one data folder, from nothing to ready and back."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.processes import share_cores
from hashtill_cli.embedded.servers import Servers, embedded_servers
from hashtill_cli.suite.outside import callback_of, choose_outside, sandbox_specs
from hashtill_cli.suite.services import choose_addresses, service_specs
from hashtill_cli.suite.world import pages_url_of, world_of
from hashtill_cli.supervisor.address_book import AddressBook, forget_address_book
from hashtill_cli.supervisor.children import Children
from hashtill_cli.supervisor.disk_watch import DiskWatch
from hashtill_cli.supervisor.forking import preload
from hashtill_cli.supervisor.spec import ProcessSpec
from hashtill_cli.supervisor.supervisor import Supervisor
from hashtill_cli.supervisor.tended import Server

Tell = Callable[[str], None]
"""Says a step of the start to the person who waits."""

Arrange = Callable[[Servers, list[ProcessSpec]], list[ProcessSpec]]
"""Changes what is about to be forked: a fault run puts its own wires between the processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What runs, for those who look after it."""

    servers: Servers
    children: Children
    supervisor: Supervisor
    book: AddressBook
    seconds_to_ready: float

    def pids(self) -> dict[str, int]:
        """Give the processes by name, servers included."""
        servers = {"postgres": self.servers.postgres.process, "nats": self.servers.nats.process}
        children = {child.spec.name: child.pid for child in self.children.all}
        return children | {name: process.pid for name, process in servers.items() if process is not None}


@contextmanager
def running_suite(
    data: Path, *, tell: Tell, extra: dict[str, str] | None = None, arrange: Arrange = lambda _, specs: specs
) -> Iterator[Suite | None]:
    """Start everything and give it when ready; stop everything at the end. None when told to stop before.

    `extra` are variables for services (HASHTILL_…) and sandbox (SANDBOX_…) beyond a suite's usual ones; a demo's
    shortened times, for instance.
    """
    began = time.monotonic()
    share_cores()
    with embedded_servers(data) as servers:
        tell("PostgreSQL and NATS run")
        specs = arrange(servers, describe(servers, Keyring(data.resolve()), extra or {}))
        preload(specs)
        tell("imported, forking")
        with _supervised(specs, servers, data, tell) as (children, supervisor):
            ready = supervisor.wait_ready()
            book = _book(specs, servers, data)
            book.write(data)
            suite = Suite(
                servers=servers, children=children, supervisor=supervisor, book=book,
                seconds_to_ready=time.monotonic() - began,
            )  # fmt: skip
            yield suite if ready else None


def describe(servers: Servers, keyring: Keyring, extra: dict[str, str]) -> list[ProcessSpec]:
    """List every process of the suite, the outside world first."""
    services, outside = choose_addresses(), choose_outside()
    world = world_of(outside, keyring, services=services) | extra
    callback = callback_of(pages_url_of("gateway", services))
    sandbox = sandbox_specs(outside, keyring, callback=callback, services=services, given=extra)
    return [*sandbox, *service_specs(servers, services, world)]


@contextmanager
def _supervised(
    specs: Sequence[ProcessSpec], servers: Servers, data: Path, tell: Tell
) -> Iterator[tuple[Children, Supervisor]]:
    children = Children(list(specs), logs=data / "logs")
    beside: dict[str, Server] = {"postgres": servers.postgres, "nats": servers.nats}
    supervisor = Supervisor(children, servers=beside, tell=tell, look=DiskWatch(data, tell=tell).look)
    try:
        yield children, supervisor
    finally:
        forget_address_book(data)
        supervisor.stop()


def _book(specs: Sequence[ProcessSpec], servers: Servers, data: Path) -> AddressBook:
    return AddressBook(
        supervisor_pid=os.getpid(),
        processes={spec.name: dict(spec.addresses) for spec in specs},
        databases={name: dsn.reveal() for name, dsn in servers.dsns.items()},
        nats_url=servers.nats.url.reveal(),
        nats_monitoring_url=servers.nats.monitoring_url,
        logs=str((data / "logs").resolve()),
    )
