"""Rules over objects: what an API server refuses, or what would never work, and lint and schemas let pass."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.chart.manifests import JSON, Pod, is_hook, of_kind, pods, title

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
NAME_LENGTH_MAX = 63
"""A Service's name is a DNS label; we hold every object to it."""

REFERENCES = {"secretKeyRef": "Secret", "secretRef": "Secret", "secret": "Secret"}
REFERENCES |= {"configMapKeyRef": "ConfigMap", "configMapRef": "ConfigMap", "configMap": "ConfigMap"}
"""Fields of a pod that name a Secret or ConfigMap."""


def names_are_dns_labels_and_given_once(manifests: Sequence[JSON]) -> Iterator[str]:
    for named, times in Counter(title(each) for each in manifests).items():
        name = named.split(" ", 1)[1]
        if times > 1:
            yield f"{named} is there {times} times"
        if not NAME.fullmatch(name) or len(name) > NAME_LENGTH_MAX:
            yield f"{named}: the name is no DNS label of at most {NAME_LENGTH_MAX} characters"


def labels_and_annotations_are_text(manifests: Sequence[JSON]) -> Iterator[str]:
    for each in manifests:
        for path, texts in _text_maps(each, path=title(each)):
            for key, value in (texts or {}).items():
                if not isinstance(value, str):
                    yield f"{path}.{key} is {value!r}, which YAML takes for no text: quote it"


def _text_maps(node: Any, *, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"labels", "annotations", "matchLabels", "nodeSelector"} or _is_service_selector(key, value):
                yield f"{path}.{key}", value
            else:
                yield from _text_maps(value, path=f"{path}.{key}")
    if isinstance(node, list):
        for at, value in enumerate(node):
            yield from _text_maps(value, path=f"{path}[{at}]")


def _is_service_selector(key: str, value: Any) -> bool:
    return key == "selector" and isinstance(value, dict) and "matchLabels" not in value


def selectors_find_their_pods(manifests: Sequence[JSON]) -> Iterator[str]:
    for pod in pods(manifests):
        wanted = pod.manifest["spec"].get("selector", {}).get("matchLabels", {})
        if not _finds(wanted, pod):
            yield f"{pod.owner}: its selector does not fit the labels of its own pods"
        for spread in pod.spec.get("topologySpreadConstraints", []):
            if not _finds(spread.get("labelSelector", {}).get("matchLabels", {"none": ""}), pod):
                yield f"{pod.owner}: its spread over {spread['topologyKey']} counts other pods than its own"


def services_reach_one_workload(manifests: Sequence[JSON]) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        found = [pod for pod in pods(manifests) if _finds(service["spec"]["selector"], pod)]
        if len(found) != 1:
            yield f"{title(service)} chooses the pods of {len(found)} workloads"
            continue
        names = {port.get("name") for each in found[0].containers for port in each.get("ports", [])}
        for port in service["spec"]["ports"]:
            if port.get("targetPort") not in names:
                yield f"{title(service)}: {found[0].owner} has no port named {port.get('targetPort')}"


def budgets_can_be_kept(manifests: Sequence[JSON]) -> Iterator[str]:
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        spec = budget["spec"]
        if ("minAvailable" in spec) == ("maxUnavailable" in spec):
            yield f"{title(budget)} must have exactly one of minAvailable and maxUnavailable"
        found = [pod for pod in pods(manifests) if _finds(spec["selector"]["matchLabels"], pod)]
        if len(found) != 1:
            yield f"{title(budget)} guards the pods of {len(found)} workloads"
        elif found[0].manifest["spec"].get("replicas", 2) < 2:
            yield f"{title(budget)} guards a single replica: no node could be drained"


def one_hand_sets_the_replicas(manifests: Sequence[JSON]) -> Iterator[str]:
    scaled = {
        f"{each['spec']['scaleTargetRef']['kind']} {each['spec']['scaleTargetRef']['name']}"
        for each in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
    }
    for each in manifests:
        if title(each) in scaled and "replicas" in each["spec"]:
            yield f"{title(each)} sets spec.replicas, which its autoscaler owns: the next upgrade would fail"


def hooks_name_only_what_is_there_before(manifests: Sequence[JSON]) -> Iterator[str]:
    plain = {title(each) for each in manifests if not is_hook(each)}
    for pod in pods([each for each in manifests if is_hook(each)]):
        for named in sorted(_named(pod) & plain):
            yield f"{pod.owner} is a hook and names {named}, which does not exist yet when the hook runs"


def _named(pod: Pod) -> set[str]:
    return {f"ServiceAccount {pod.spec.get('serviceAccountName')}", *_references(pod.spec)}


def _references(node: Any) -> Iterator[str]:
    """Name the Secrets and ConfigMaps of environments and volumes."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in REFERENCES and isinstance(value, dict):
                yield f"{REFERENCES[key]} {value.get('secretName', value.get('name'))}"
            yield from _references(value)
    if isinstance(node, list):
        for each in node:
            yield from _references(each)


def _finds(wanted: JSON, pod: Pod) -> bool:
    return wanted.items() <= pod.labels.items()
