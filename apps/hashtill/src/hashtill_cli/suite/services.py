"""The six services as processes: each gets exactly the variables its Settings names, from what this machine has."""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from chassis.settings import ServiceSettings, describe_settings, load_settings
from hashtill_cli.embedded.ports import LOOPBACK, free_ports
from hashtill_cli.embedded.servers import SERVICES, Servers
from hashtill_cli.supervisor.spec import ProcessSpec, Ready

LISTEN_ENDING = "_LISTEN"
"""A variable that ends so is an address to open: it gets a free port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddresses:
    """Where one service listens, by variable: HASHTILL_LISTEN, HASHTILL_HEALTH_LISTEN and its own."""

    listens: Mapping[str, str]

    @property
    def grpc(self) -> str:
        """Where it answers gRPC."""
        return self.listens["HASHTILL_LISTEN"]

    @property
    def health_port(self) -> int:
        """Where it answers health in plain text."""
        return int(self.listens["HASHTILL_HEALTH_LISTEN"].rpartition(":")[2])

    def by_purpose(self) -> dict[str, str]:
        """Give its addresses by what they are for: grpc, health, and its own (pages, say)."""
        return {_purpose(variable): at for variable, at in self.listens.items()}


def _purpose(variable: str) -> str:
    return variable.removeprefix("HASHTILL").removesuffix(LISTEN_ENDING).strip("_").lower() or "grpc"


def settings_of(service: str) -> type[ServiceSettings]:
    """Import the service's Settings; a service that cannot be imported stops the start by its own error."""
    found: type[ServiceSettings] = importlib.import_module(f"{service}.settings").Settings
    return found


def choose_addresses() -> dict[str, ServiceAddresses]:
    """Give every service a free port for each address it listens on."""
    wanted = {service: _listens(settings_of(service)) for service in SERVICES}
    ports = iter(free_ports(sum(len(names) for names in wanted.values())))
    return {
        service: ServiceAddresses(listens={name: f"{LOOPBACK}:{next(ports)}" for name in names})
        for service, names in wanted.items()
    }


def service_specs(
    servers: Servers, addresses: Mapping[str, ServiceAddresses], world: Mapping[str, str]
) -> list[ProcessSpec]:
    """Describe the six processes; `world` holds what else they need: the networks' addresses, keys, times.

    What the caller's environment says (HASHTILL_…) wins over `world`. A variable that is missing or wrong raises
    chassis.settings.SettingsError, which names it.
    """
    targets = {f"HASHTILL_{name.upper()}_TARGET": each.grpc for name, each in addresses.items()}
    given = {name: value for name, value in os.environ.items() if name.startswith("HASHTILL_")}
    pool = {"HASHTILL_NATS_URL": servers.nats.url.reveal(), **world, **given, **targets}
    return [_spec(service, servers, addresses[service], pool) for service in SERVICES]


def _spec(service: str, servers: Servers, at: ServiceAddresses, pool: dict[str, str]) -> ProcessSpec:
    own = {"HASHTILL_DATABASE_URL": servers.dsn_of(service).reveal(), **at.listens, **_own_pages(at)}
    settings = settings_of(service)
    names = [row.variable for row in describe_settings(settings)]
    environ = {name: value for name, value in (pool | own).items() if name in names}
    load_settings(settings, environ)
    return ProcessSpec(
        name=service,
        module=service,
        preload=(f"{service}.main",),
        environ=environ,
        ready=Ready.HEALTH,
        ready_port=at.health_port,
        addresses=at.by_purpose(),
    )


def _own_pages(at: ServiceAddresses) -> dict[str, str]:
    """Give the origin of a service's own pages; who has none links to the gateway's."""
    pages = at.by_purpose().get("pages")
    return {"HASHTILL_PAGES_URL": f"http://{pages}"} if pages else {}


def _listens(settings: type[ServiceSettings]) -> list[str]:
    return [row.variable for row in describe_settings(settings) if row.variable.endswith(LISTEN_ENDING)]
