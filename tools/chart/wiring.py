"""What the chart must give each service: one row for each variable its Settings read, by how the chart fills it."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis.settings import PREFIX, SettingRow, describe_settings
from hashtill_cli.embedded.servers import SERVICES

PORTS = {"grpc": 7000, "health": 7900, "pages": 8080}
"""Ports inside a pod, by what a service listens for; every pod has its own address, so all services share them."""

OWN = {"payments": ("pages_url",)}
"""Settings that a service never takes from the shared ones: the card page has an origin of its own."""

NOT_IN_A_CLUSTER = frozenset({"bench", "failpoints", "notifier_wire", "processor_wire", "show_test_card"})
"""Settings for measurements and demos; the chart has no place for them."""


class WiringError(Exception):
    """The chart cannot be drawn from the services; the sentence says which service and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a service: its setting's name, and how the chart fills it."""

    name: str
    row: SettingRow
    how: dict[str, Any]

    @property
    def is_plain(self) -> bool:
        """Whether an operator writes its value into the chart's values."""
        return bool(self.how["kind"] == "plain")

    @property
    def required(self) -> bool:
        """Whether the service does not start without it."""
        return self.row.default is None

    def described(self) -> dict[str, Any]:
        """Give it as the chart reads it."""
        return {"name": self.name, "variable": self.row.variable, "required": self.required} | self.how


def settings_of(service: str) -> Any:
    """Import a service's Settings."""
    try:
        return importlib.import_module(f"{service}.settings").Settings
    except ModuleNotFoundError as error:
        raise WiringError(f"{service} has no settings the chart could read ({error}).") from None


def wiring_of(service: str) -> list[Variable]:
    """List what a service reads, in the order of its Settings."""
    return wiring_of_rows(service, list(describe_settings(settings_of(service))))


def wiring_of_rows(service: str, rows: Sequence[SettingRow]) -> list[Variable]:
    """List what the chart gives for the rows of a service's settings."""
    named = [(row.variable.removeprefix(PREFIX).lower(), row) for row in rows]
    return [
        Variable(name=name, row=row, how=_how(service, name, row))
        for name, row in named
        if name not in NOT_IN_A_CLUSTER
    ]


def _how(service: str, name: str, row: SettingRow) -> dict[str, Any]:
    peer = name.removesuffix("_target")
    if name in {"database_url", "nats_url"}:
        return {"kind": name.removesuffix("_url")}
    if name.endswith("listen"):
        purpose = name.removesuffix("listen").removesuffix("_") or "grpc"
        return {"kind": "listen", "purpose": purpose, "port": _port(service, purpose)}
    if peer != name and peer in SERVICES:
        return {"kind": "target", "peer": peer, "port": PORTS["grpc"]}
    if row.secret:
        return {"kind": "secret", "key": name.replace("_", "-")}
    return {"kind": "plain", "own": name in OWN.get(service, ()), "description": _hint(row)}


def _port(service: str, purpose: str) -> int:
    if purpose not in PORTS:
        raise WiringError(f"{service} listens for {purpose!r}, which has no port yet: give it one in {__name__}.PORTS.")
    return PORTS[purpose]


def _hint(row: SettingRow) -> str:
    return row.description + (f" Example: {row.example}" if row.example else "")
