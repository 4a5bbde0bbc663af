"""Manifests as an API server reads them: YAML 1.1 as Go has it, no key twice, and the pods they make."""

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

JSON = dict[str, Any]


class ManifestError(Exception):
    """The text cannot be read as an API server would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod that some manifest makes: whose it is, its labels and its spec."""

    owner: str
    manifest: JSON
    labels: JSON
    spec: JSON

    @property
    def containers(self) -> list[JSON]:
        return [*self.spec.get("initContainers", []), *self.spec.get("containers", [])]


class _Loader(yaml.CSafeLoader):
    """Reads y and n as booleans, which PyYAML takes for text and an API server refuses, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the library's signature
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ManifestError(f"line {node.start_mark.line + 1}: {', '.join(sorted(twice))} is given twice")
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^[yYnN]$"), list("yYnN"))
_Loader.yaml_constructors["tag:yaml.org,2002:bool"] = lambda _loader, node: (
    node.value.lower() in {"y", "yes", "true", "on"}
)


def load(text: str) -> list[JSON]:
    """Read every manifest of a text."""
    return [each for each in yaml.load_all(text, Loader=_Loader) if each]


def title(manifest: JSON) -> str:
    """Give how a sentence names a manifest."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def of_kind(manifests: Sequence[JSON], *kinds: str) -> list[JSON]:
    """Give the manifests of some kinds."""
    return [each for each in manifests if each["kind"] in kinds]


def is_hook(manifest: JSON) -> bool:
    """Whether Helm runs it at a moment of its own, before or after the release's plain objects."""
    return "helm.sh/hook" in manifest["metadata"].get("annotations", {})


def pods(manifests: Sequence[JSON]) -> Iterator[Pod]:
    """Give every pod the manifests make."""
    for each in of_kind(manifests, "Deployment", "StatefulSet", "DaemonSet", "Job"):
        template = each["spec"]["template"]
        labels = template.get("metadata", {}).get("labels", {})
        yield Pod(owner=title(each), manifest=each, labels=labels, spec=template["spec"])


def containers(manifests: Sequence[JSON]) -> Iterator[tuple[str, Pod, JSON]]:
    """Give every container, with how a sentence names it and the pod it is in."""
    for pod in pods(manifests):
        for each in pod.containers:
            yield f"{pod.owner}, container {each['name']}", pod, each
