"""Two releases of every service behind one NATS and one set of databases, each calling the other's."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.upgrade.previous import PYTHON_PATH, SERVICE

from hashtill_cli.embedded.ports import LOOPBACK, free_ports
from hashtill_cli.embedded.servers import SERVICES, Servers
from hashtill_cli.suite.running import running_suite
from hashtill_cli.supervisor.spec import ProcessSpec

FORMER = "former-"
"""Before the name of a service of the former release."""

READY_WORDS = "Stop: Ctrl-C"

PORTS = 40
"""More than both releases listen on, so that those already chosen may be left out."""


def main(data: Path, python_path: str) -> None:
    """Run both until told to stop."""
    with running_suite(data, tell=_tell, arrange=partial(_arrange, python_path)) as suite:
        if suite is not None:
            _tell(READY_WORDS)
            suite.supervisor.run()


def _arrange(python_path: str, _servers: Servers, specs: list[ProcessSpec]) -> list[ProcessSpec]:
    ours = {spec.name: spec for spec in specs if spec.name in SERVICES}
    chosen = {at.rpartition(":")[2] for spec in specs for at in spec.addresses.values()}
    ports = iter(port for port in free_ports(PORTS) if str(port) not in chosen)
    former = {name: _former(spec, _fresh_listens(spec, ports), python_path) for name, spec in ours.items()}
    crossed = [_calling(spec, former) for spec in ours.values()]
    outside = [spec for spec in specs if spec.name not in SERVICES]
    return [*outside, *crossed, *(_calling(spec, ours) for spec in former.values())]


def _fresh_listens(spec: ProcessSpec, ports: Iterator[int]) -> dict[str, str]:
    names = [name for name in spec.environ if name.endswith("_LISTEN")]
    return {name: f"{LOOPBACK}:{next(ports)}" for name in names}


def _former(spec: ProcessSpec, listens: Mapping[str, str], python_path: str) -> ProcessSpec:
    seams = {SERVICE: spec.module, PYTHON_PATH: python_path}
    addresses = {**spec.addresses, "grpc": listens["HASHTILL_LISTEN"], "health": listens["HASHTILL_HEALTH_LISTEN"]}
    return replace(
        spec,
        name=f"{FORMER}{spec.name}",
        module="tests.upgrade.former_service",
        environ={**spec.environ, **listens, **seams},
        ready_port=int(listens["HASHTILL_HEALTH_LISTEN"].rpartition(":")[2]),
        addresses=addresses,
    )


def _calling(spec: ProcessSpec, peers: Mapping[str, ProcessSpec]) -> ProcessSpec:
    """Have a service call the peers of the other release."""
    targets = {
        variable: peers[name].addresses["grpc"]
        for name in peers
        if (variable := f"HASHTILL_{name.upper()}_TARGET") in spec.environ
    }
    return replace(spec, environ={**spec.environ, **targets})


def _tell(step: str) -> None:
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.umask(0o022)
    main(Path(sys.argv[1]), os.environ[PYTHON_PATH])
