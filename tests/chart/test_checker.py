from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.chart.manifests import JSON, containers, of_kind
from tests.chart.rendering import rendered_with

from hashtill_cli.checking.reading.places import Places, places_of
from hashtill_cli.embedded.servers import SERVICES

pytestmark = pytest.mark.usefixtures("with_helm")

ON: dict[str, Any] = {"enabled": True, "existingSecret": "reading"}


def test_a_checker_runs_when_it_is_asked_for(tmp_path: Path) -> None:
    without, beside = rendered_with(tmp_path, {}), rendered_with(tmp_path, {"checker": ON})

    assert "checker" not in {each["name"] for _, _, each in containers(without)}
    assert [title for title in _titles(beside) if title not in _titles(without)] == [
        ("ServiceAccount", "shop-hashtill-checker"),
        ("Deployment", "shop-hashtill-checker"),
    ]


def test_it_finds_every_database_by_the_role_that_may_only_read(tmp_path: Path) -> None:
    places = _places(rendered_with(tmp_path, {"checker": ON}))

    assert dict(places.databases) == {service: f"reading: {service}-database-url" for service in SERVICES}
    assert (places.nats_url, places.processor_url) == ("hashtill: nats-url", "")


def test_it_compares_the_ledgers_of_a_processor_that_shows_its_own(tmp_path: Path) -> None:
    places = _places(rendered_with(tmp_path, {"checker": ON | {"readsProcessor": True}}))

    assert places.processor_url == "https://api.processor.example"
    assert places.processor_key == "hashtill: processor-key"


def _titles(manifests: Sequence[JSON]) -> list[tuple[str, str]]:
    return [(each["kind"], each["metadata"]["name"]) for each in manifests]


def _places(manifests: Sequence[JSON]) -> Places:
    """Let the checker read what its container is given, with the name and key of a Secret in place of what it holds."""
    checker = next(each for _, _, each in containers(of_kind(manifests, "Deployment")) if each["name"] == "checker")
    return places_of(Path("nowhere"), {entry["name"]: _value(entry) for entry in checker["env"]})


def _value(entry: Mapping[str, Any]) -> str:
    if "value" in entry:
        return str(entry["value"])
    kept = entry["valueFrom"]["secretKeyRef"]
    return f"{kept['name']}: {kept['key']}"
