"""Rules of the Pod Security Standard "restricted", and what we keep beyond it."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.chart.manifests import JSON, containers, pods

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

OF_CONTAINERS: dict[str, Any] = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}

OF_PODS: dict[str, Any] = {"automountServiceAccountToken": False, "enableServiceLinks": False}


def pods_run_restricted(manifests: Sequence[JSON]) -> Iterator[str]:
    for pod in pods(manifests):
        context = pod.spec.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) == 0:
            yield f"{pod.owner}: runAsNonRoot must be true, and runAsUser another than 0"
        if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            yield f"{pod.owner}: seccompProfile must be RuntimeDefault"
        if open_doors := [each for each in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(each)]:
            yield f"{pod.owner}: {', '.join(open_doors)} must not be set"
        for volume in pod.spec.get("volumes", []):
            if other := volume.keys() - {"name"} - VOLUMES:
                yield f"{pod.owner}: the volume {volume['name']} must not be a {', '.join(other)}"


def pods_carry_nothing_they_do_not_need(manifests: Sequence[JSON]) -> Iterator[str]:
    for pod in pods(manifests):
        for field, value in OF_PODS.items():
            if pod.spec.get(field) is not value:
                yield f"{pod.owner}: {field} must be {str(value).lower()}"


def containers_run_restricted(manifests: Sequence[JSON]) -> Iterator[str]:
    for where, _, each in containers(manifests):
        context = each.get("securityContext", {})
        for field, value in OF_CONTAINERS.items():
            if context.get(field) is not value:
                yield f"{where}: {field} must be {str(value).lower()}"
        capabilities = context.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{where}: capabilities must drop ALL and add none"
        if context.get("privileged") or context.get("runAsUser", 1) == 0 or context.get("runAsNonRoot") is False:
            yield f"{where}: it must be neither privileged nor root"
        if any("hostPort" in port for port in each.get("ports", [])):
            yield f"{where}: hostPort must not be set"
