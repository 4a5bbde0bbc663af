"""The chart rendered by Helm for given values."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.chart.manifests import JSON, load
from tools.chart.helm import ROOT, run_helm

CHART = ROOT / "deploy" / "helm" / "hashtill"

EXAMPLES = tuple(sorted(path.name for path in (CHART / "ci").glob("*-values.yaml")))

SMALLEST = "smallest-values.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What Helm made of an example: the values' file and the manifests."""

    example: str
    manifests: list[JSON]

    @property
    def values(self) -> Path:
        return CHART / "ci" / self.example


@functools.cache
def render(example: str) -> Rendered:
    """Render with the values of an example."""
    rendered = run_helm(
        "template", "shop", str(CHART), "--namespace", "hashtill", "--values", str(CHART / "ci" / example)
    )
    assert rendered.returncode == 0, rendered.stderr
    return Rendered(example=example, manifests=load(rendered.stdout))


def rendered_with(scratch: Path, changes: Mapping[str, Any]) -> list[JSON]:
    """Render the smallest example with some values changed."""
    code, text = attempt(scratch, changes)
    assert code == 0, text
    return load(text)


def refusal_of(scratch: Path, changes: Mapping[str, Any]) -> str:
    """Give what Helm says against the smallest example with some values changed; empty when nothing."""
    code, text = attempt(scratch, changes)
    return text if code else ""


def attempt(scratch: Path, changes: Mapping[str, Any], *more: str) -> tuple[int, str]:
    """Render the smallest example with some values changed (None: left out); gives exit code and what was said."""
    values = scratch / "values.yaml"
    values.write_text(yaml.safe_dump(_changed(yaml.safe_load((CHART / "ci" / SMALLEST).read_text()), changes)))
    done = run_helm("template", "shop", str(CHART), "--namespace", "hashtill", "--values", str(values), *more)
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def _changed(values: Any, changes: Any) -> Any:
    if not isinstance(values, dict) or not isinstance(changes, Mapping):
        return changes
    changed = values | {key: _changed(values.get(key), each) for key, each in changes.items()}
    return {key: each for key, each in changed.items() if each is not None}
