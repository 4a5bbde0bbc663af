"""The suite that is struck: as `hashtill up` runs it, with a link of the driver's in every connection."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.faults import chaos_seams
from tests.faults.chaos_shims import ARMED_FSYNC, compiled_shim

from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.embedded.ports import free_ports
from hashtill_cli.embedded.postgres import Postgres
from hashtill_cli.embedded.servers import SERVICES, Servers
from hashtill_cli.suite.running import running_suite
from hashtill_cli.supervisor.spec import ProcessSpec

EXEC = "tests.faults.chaos_exec"
"""What a forked service runs instead of itself, and then becomes it."""

LINKS = "links.json"
"""In the home: every link by name, with the port it listens on and the port it leads to."""

PEERS = {
    "HASHTILL_DATABASE_URL": "postgres",
    "HASHTILL_NATS_URL": "nats",
    "HASHTILL_X_API_URL": "x",
    "HASHTILL_PROCESSOR_URL": "cardnet",
    "HASHTILL_SMTP_PORT": "mail",
} | {f"HASHTILL_{name.upper()}_TARGET": name for name in SERVICES}
"""Variables that say where a peer answers; their last number is its port."""

PORTS = 100
"""Three times as many as there are connections, so that some may be left out."""

_PORT = re.compile(r"(\d+)(?=$|/\w*$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A connection to be put between: who asks whom, by which variable, at which port."""

    service: str
    variable: str
    leads_to: int

    @property
    def name(self) -> str:
        """Say it as `orders>offers`."""
        return f"{self.service}>{PEERS[self.variable]}"


def home_of(data: Path) -> Path:
    """Where blows are laid out."""
    return data / "chaos"


def main(data: Path) -> None:
    """Run it until told to stop."""
    with running_suite(data, tell=_tell, arrange=partial(_arrange, data)) as suite:
        if suite is not None:
            suite.supervisor.run()


def _arrange(data: Path, servers: Servers, specs: list[ProcessSpec]) -> list[ProcessSpec]:
    home = home_of(data).resolve()
    home.mkdir(mode=PASSABLE, exist_ok=True)
    home.chmod(PASSABLE)
    shim = compiled_shim(home)
    if shim is not None:
        _slow_disk(servers.postgres, home, shim)
    wires = [wire for spec in specs if spec.name in SERVICES for wire in _wires(spec)]
    ports = dict(zip(wires, _other_ports(specs), strict=False))
    links = {wire.name: (port, wire.leads_to) for wire, port in ports.items()}
    chaos_seams.write_whole(home / LINKS, json.dumps(links))
    return [_struck(spec, home, shim, ports) if spec.name in SERVICES else spec for spec in specs]


def _other_ports(specs: list[ProcessSpec]) -> list[int]:
    """Give free ports that none of these is about to open."""
    chosen = {at.rpartition(":")[2] for spec in specs for at in spec.addresses.values()}
    return [port for port in free_ports(PORTS) if str(port) not in chosen]


def _wires(spec: ProcessSpec) -> list[Wire]:
    found = {name: _PORT.search(spec.environ[name]) for name in PEERS if name in spec.environ}
    return [Wire(service=spec.name, variable=name, leads_to=int(port[1])) for name, port in found.items() if port]


def _struck(spec: ProcessSpec, home: Path, shim: Path | None, ports: Mapping[Wire, int]) -> ProcessSpec:
    own = {wire.variable: str(port) for wire, port in ports.items() if wire.service == spec.name}
    through = {name: _PORT.sub(port, spec.environ[name], count=1) for name, port in own.items()}
    seams = {chaos_seams.HOME: str(home), chaos_seams.SERVICE: spec.name, chaos_seams.SHIM: str(shim or "")}
    return replace(spec, module=EXEC, environ={**spec.environ, **through, **seams})


def _slow_disk(postgres: Postgres, home: Path, shim: Path) -> None:
    """Put the shim under PostgreSQL: its program becomes a script that loads it first."""
    binaries = home / "postgresql"
    binaries.mkdir(mode=PASSABLE, exist_ok=True)
    script = binaries / "postgres"
    variables = f'LD_PRELOAD="{shim}" CHAOS_SLOW_FSYNC="{home / ARMED_FSYNC}"'
    script.write_text(f'#!/bin/sh\n{variables} exec "{postgres.binaries / "postgres"}" "$@"\n')
    for path in (binaries, script):
        path.chmod(0o755)
    postgres.binaries = binaries
    postgres.restart()


def _tell(step: str) -> None:
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.umask(0o022)
    main(Path(sys.argv[1]))
