from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.chart.environment import circle_of_targets, wrong_environment
from tests.chart.manifests import JSON, containers, of_kind
from tests.chart.rendering import SMALLEST, render

pytestmark = pytest.mark.usefixtures("with_helm")

Spoil = Callable[[list[JSON]], None]


def _without(name: str) -> Spoil:
    return lambda entries: entries.remove(next(each for each in entries if each["name"] == name))


def _with(name: str, **fields: Any) -> Spoil:
    def spoil(entries: list[JSON]) -> None:
        entries[:] = [*(each for each in entries if each["name"] != name), {"name": name, **fields}]

    return spoil


SPOILT: list[tuple[Spoil, str]] = [
    (_without("HASHTILL_PAGE_KEY"), "HASHTILL_PAGE_KEY is required and not given"),
    (_with("HASHTILL_WINDOW", value="1"), "HASHTILL_WINDOW is read by nobody there"),
    (_with("HASHTILL_PAGE_KEY", value="in the open"), "HASHTILL_PAGE_KEY is a secret and must come by secretKeyRef"),
    (
        _with("HASHTILL_DATABASE_URL", value="postgresql://orders:secret@db/orders"),
        "HASHTILL_DATABASE_URL is a secret and must come by secretKeyRef",
    ),
    (_with("HASHTILL_LISTEN", value="127.0.0.1:0"), "nobody outside the pod could reach it"),
    (_with("HASHTILL_SLACK_SECONDS", value="soon"), "HASHTILL_SLACK_SECONDS is wrong"),
    (
        _with("HASHTILL_OFFERS_TARGET", value="dns:///shop-hashtill-offers.hashtill.svc:7001"),
        "no Service of this chart",
    ),
    (_with("HASHTILL_OFFERS_TARGET", value="dns:///offers.hashtill.svc:7000"), "no Service of this chart"),
]


@pytest.mark.parametrize(("spoil", "says"), SPOILT, ids=[says for _, says in SPOILT])
def test_an_environment_that_does_not_fit_the_settings_is_told(spoil: Spoil, says: str) -> None:
    manifests = deepcopy(render(SMALLEST).manifests)
    spoil(_environment_of(manifests, "orders"))

    sentences = list(wrong_environment(manifests))

    assert sentences
    assert any(says in each for each in sentences), sentences
    assert all(each.startswith("Deployment shop-hashtill-orders, container orders: ") for each in sentences)


def test_services_that_wait_for_each_other_are_found() -> None:
    manifests = deepcopy(render(SMALLEST).manifests)
    _environment_of(manifests, "offers").append({"name": "HASHTILL_ORDERS_TARGET", "value": "dns:///orders:7000"})

    assert {"offers", "orders"} <= set(circle_of_targets(manifests))


def _environment_of(manifests: list[JSON], service: str) -> list[JSON]:
    found = containers(of_kind(manifests, "Deployment"))
    environment: list[JSON] = next(each["env"] for _, _, each in found if each["name"] == service)
    return environment
