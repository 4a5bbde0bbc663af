"""Rules over pods: probes, ports, resources, environment, volumes, image and the way they end."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from tests.chart.manifests import JSON, containers, of_kind, pods

PORT_MAX = 65_535

STOP_SECONDS = 5
"""A service told to stop ends within this (chassis.lifecycle)."""

UNITS = {"m": Decimal("0.001"), "": Decimal(1), "k": Decimal(1000), "M": Decimal(1000) ** 2, "G": Decimal(1000) ** 3}
UNITS |= {"Ki": Decimal(1024), "Mi": Decimal(1024) ** 2, "Gi": Decimal(1024) ** 3}

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")

IMAGE = re.compile(r"[a-z0-9.:/_-]+(@sha256:[0-9a-f]{64}|:(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]*)")


def probes_ask_an_open_port(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        opened = {port["containerPort"] for port in each.get("ports", [])}
        for probe in PROBES:
            port = each.get(probe, {}).get("grpc", {}).get("port")
            if port is not None and (port not in opened or not 1 <= port <= PORT_MAX):
                yield f"{where}: {probe} asks port {port}, which the container does not open"


def services_are_probed_for_what_each_probe_means(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(of_kind(manifests, "Deployment")):
        asked = {probe: each.get(probe, {}).get("grpc", {}).get("service", "") for probe in PROBES if probe in each}
        if asked != {"startupProbe": "", "livenessProbe": "", "readinessProbe": "readiness"}:
            yield f"{where}: startup and liveness must ask health for '', readiness for 'readiness'; it has {asked}"


def ports_are_named_once(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        ports = each.get("ports", [])
        for field in ("name", "containerPort"):
            for value in _twice(str(port.get(field)) for port in ports):
                yield f"{where}: two ports have the {field} {value}"


def environment_names_are_given_once(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        for name in _twice(entry["name"] for entry in each.get("env", [])):
            yield f"{where}: {name} is given twice; Helm 4 applies on the server, which refuses it"


def environment_values_are_text(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        for entry in each.get("env", []):
            if "value" in entry and not isinstance(entry["value"], str):
                yield f"{where}: {entry['name']} is {entry['value']!r}, which YAML takes for no text: quote it"


def environment_refers_backwards(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        known: set[str] = set()
        for entry in each.get("env", []):
            for name in sorted(set(re.findall(r"\$\((\w+)\)", str(entry.get("value", "")))) - known):
                yield f"{where}: {entry['name']} uses $({name}), which is not given before it"
            known.add(entry["name"])


def requests_stay_below_limits(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        resources = each.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        if not {"cpu", "memory"} <= requests.keys() or "memory" not in limits:
            yield f"{where}: it must request cpu and memory, and limit memory"
        for name in sorted(requests.keys() & limits.keys()):
            if _amount(requests[name]) > _amount(limits[name]):
                yield f"{where}: it requests {name} {requests[name]}, above its limit {limits[name]}"


def mounts_have_a_volume(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, pod, each in containers(manifests):
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        for mount in each.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{where}: it mounts {mount['name']}, which is no volume of the pod"


def images_are_pinned(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        if not IMAGE.fullmatch(each["image"]):
            yield f"{where}: the image {each['image']} has neither a digest nor a tag that stays"


def pods_end_in_time(manifests: Sequence[JSON]) -> Iterator[str]:
    for pod in pods(of_kind(manifests, "Deployment", "StatefulSet")):
        for each in pod.containers:
            pause = each.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            if pause < 1:
                yield f"{pod.owner}: it stops before its peers have heard of it: a preStop sleep is missing"
            if pod.spec.get("terminationGracePeriodSeconds", 30) < pause + STOP_SECONDS:
                yield f"{pod.owner}: it is killed before its stop ({pause} s and {STOP_SECONDS} s) is done"


def _twice(values: Iterator[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def _amount(text: str | int) -> Decimal:
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text)).groups()  # type: ignore[union-attr] # the strict schema has read it before
    return Decimal(number) * UNITS[unit]
