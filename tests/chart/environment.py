"""The environment of each component against its service's Settings, read from the service itself."""

import importlib
import re
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from tests.chart.manifests import JSON, containers, of_kind

from chassis.settings import PREFIX, ServiceSettings, SettingRow, SettingsError, describe_settings, load_settings
from hashtill_cli.embedded.servers import SERVICES

OPEN_ADDRESS = re.compile(r"[a-z]+://(\w+:\$\((?P<password>\w+)\)@)?[^@\s]+")
"""What a secret variable may hold in the open: an address without a password, or with one out of a Secret."""

TARGET = re.compile(r"dns:///(?P<service>[a-z0-9-]+)\.[^:]+:(?P<port>[0-9]+)")


def wrong_environment(manifests: Sequence[JSON]) -> Iterator[str]:
    """Give a sentence for each variable that is missing, unknown, wrong or in the open."""
    for where, service, container in _services(manifests):
        given = {entry["name"]: entry for entry in container["env"]}
        rows = list(describe_settings(settings_of(service)))
        for sentence in (*_missing(rows, given), *_unknown(rows, given), *_in_the_open(rows, given), *_closed(given)):
            yield f"{where}: {sentence}"
        for sentence in (*_unread(service, rows, given), *_nowhere(given, manifests)):
            yield f"{where}: {sentence}"


def _services(manifests: Sequence[JSON]) -> Iterator[tuple[str, str, JSON]]:
    """Give each container of a service, with how a sentence names it; the checker is none and reads no Settings."""
    for where, _, container in containers(manifests):
        if (service := container["command"][2]) in SERVICES:
            yield where, service, container


def settings_of(service: str) -> type[ServiceSettings]:
    """Import a service's Settings."""
    found: type[ServiceSettings] = importlib.import_module(f"{service}.settings").Settings
    return found


def circle_of_targets(manifests: Sequence[JSON]) -> list[str]:
    """Give services that need each other: the address of a pod that is not ready is not told, so all would wait."""
    graph = {
        container["name"]: {
            entry["name"].removeprefix(PREFIX).removesuffix("_TARGET").lower()
            for entry in container["env"]
            if str(entry.get("value", "")).startswith("dns:///")
        }
        for _, _, container in containers(of_kind(manifests, "Deployment"))
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _missing(rows: Sequence[SettingRow], given: dict[str, JSON]) -> Iterator[str]:
    for row in rows:
        if row.default is None and row.variable not in given:
            yield f"{row.variable} is required and not given ({row.description})"


def _unknown(rows: Sequence[SettingRow], given: dict[str, JSON]) -> Iterator[str]:
    known = {row.variable for row in rows}
    for name in given:
        if name.startswith(PREFIX) and name not in known:
            yield f"{name} is read by nobody there"


def _in_the_open(rows: Sequence[SettingRow], given: dict[str, JSON]) -> Iterator[str]:
    for row in rows:
        if row.secret and row.variable in given and not _is_kept(given[row.variable], given):
            yield f"{row.variable} is a secret and must come by secretKeyRef"


def _is_kept(entry: JSON, given: dict[str, JSON]) -> bool:
    if "value" not in entry:
        return "secretKeyRef" in entry["valueFrom"]
    address = OPEN_ADDRESS.fullmatch(entry["value"])
    password = address and address["password"]
    return address is not None and (password is None or "secretKeyRef" in given[password].get("valueFrom", {}))


def _closed(given: dict[str, JSON]) -> Iterator[str]:
    for name, entry in given.items():
        if name.startswith(PREFIX) and name.endswith("LISTEN") and not entry["value"].startswith("0.0.0.0:"):
            yield f"{name} is {entry['value']}: nobody outside the pod could reach it"


def _unread(service: str, rows: Sequence[SettingRow], given: dict[str, JSON]) -> Iterator[str]:
    """Let the service read it, with the examples in place of what the Secrets hold."""
    examples = {row.variable: row.example or "a secret" for row in rows}
    environ = {name: entry.get("value", examples.get(name, "")) for name, entry in given.items()}
    try:
        load_settings(settings_of(service), environ)
    except SettingsError as error:
        yield from error.problems


def _nowhere(given: dict[str, JSON], manifests: Sequence[JSON]) -> Iterator[str]:
    answered = {
        (service["metadata"]["name"], port["port"])
        for service in of_kind(manifests, "Service")
        for port in service["spec"]["ports"]
    }
    for name, entry in given.items():
        target = TARGET.fullmatch(entry.get("value", ""))
        if target and (target["service"], int(target["port"])) not in answered:
            yield f"{name} is {entry['value']}, where no Service of this chart answers"
