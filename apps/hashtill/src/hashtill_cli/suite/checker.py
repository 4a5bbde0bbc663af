"""The checker beside the services: a process that follows the suite it belongs to."""

from collections.abc import Callable
from pathlib import Path

from hashtill_cli.checking.reading.places import PREFIX
from hashtill_cli.embedded.ports import LOOPBACK, free_ports
from hashtill_cli.embedded.servers import Servers
from hashtill_cli.supervisor.spec import ProcessSpec, Ready

MODULE = "hashtill_cli.checking.following"


def with_checker(data: Path) -> Callable[[Servers, list[ProcessSpec]], list[ProcessSpec]]:
    """Add it to what is about to be forked; it finds the others by the data folder's address book."""

    def arrange(_: Servers, specs: list[ProcessSpec]) -> list[ProcessSpec]:
        taken = {int(at.rpartition(":")[2]) for spec in specs for at in spec.addresses.values()}
        port = next(port for port in free_ports(len(taken) + 1) if port not in taken)
        return [*specs, checker_spec(data, health_port=port)]

    return arrange


def checker_spec(data: Path, *, health_port: int) -> ProcessSpec:
    """Describe the process."""
    health = f"{LOOPBACK}:{health_port}"
    return ProcessSpec(
        name="checker",
        module=MODULE,
        preload=(f"{MODULE}.process",),
        environ={f"{PREFIX}DATA": str(data.resolve()), f"{PREFIX}HEALTH_LISTEN": health},
        ready=Ready.HEALTH,
        ready_port=health_port,
        addresses={"health": health},
    )
