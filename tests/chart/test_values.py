from pathlib import Path
from typing import Any

import pytest
from tests.chart.manifests import of_kind
from tests.chart.rendering import attempt, refusal_of, rendered_with

pytestmark = pytest.mark.usefixtures("with_helm")

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"replcas": 2}, "'replcas' not allowed"),
    ({"components": {"checkout": {}}}, "'checkout' not allowed"),
    ({"components": {"orders": {"replicas": 0}}}, "minimum: got 0, want 1"),
    ({"components": {"orders": {"settings": {"confirm_window_secs": 60}}}}, "'confirm_window_secs' not allowed"),
    ({"settings": {"confirm_window_seconds": "soon"}}, "got string, want integer"),
    ({"settings": {"confirm_window_seconds": 0}}, "minimum: got 0, want 1"),
    ({"settings": {"x_tier": "gold"}}, "'enterprise', 'self_serve'"),
    ({"settings": {"bench": True}}, "'bench' not allowed"),
    ({"settings": {"page_key": "in the open"}}, "'page_key' not allowed"),
    ({"settings": {"smtp_password": "in the open"}}, "'smtp_password' not allowed"),
    ({"settings": {"listen": "127.0.0.1:1"}}, "'listen' not allowed"),
    ({"image": {"tag": "latest"}}, "/image/tag"),
    ({"image": {"digest": "sha256:short"}}, "/image/digest"),
    ({"nats": {"url": "nats://me:secret@nats"}}, "/nats/url"),
    ({"pods": {"annotations": {"rolled": 1}}}, "got number, want string"),
    ({"image": {"repository": ""}}, "image.repository is not set. Name the registry"),
    ({"secrets": {"existingSecret": ""}}, "secrets.existingSecret is not set. Create a Secret"),
    (
        {"checker": {"enabled": True}},
        "checker.existingSecret is not set. Create a Secret with a key <service>-database",
    ),
    ({"checker": {"replicas": 2}}, "'replicas' not allowed"),
    ({"settings": {"program_handle": None}}, "settings.program_handle is not set, and gateway needs it."),
    ({"components": {"payments": {"settings": None}}}, "components.payments.settings.pages_url is not set"),
    ({"settings": {"cookie_domain": None}}, "share one session cookie. Set it to a domain"),
    ({"settings": {"cookie_domain": "nc.example.com"}}, 'settings.cookie_domain is "nc.example.com"'),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED, ids=[says for _, says in REFUSED])
def test_values_that_cannot_work_are_refused_by_name(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    assert says in refusal_of(tmp_path, changes)


def test_an_older_kubernetes_is_refused(tmp_path: Path) -> None:
    code, text = attempt(tmp_path, {}, "--kube-version", "1.29.9")

    assert code != 0
    assert "chart requires kubeVersion: >=1.30.0-0" in text


def test_a_parent_chart_may_share_values_of_its_own(tmp_path: Path) -> None:
    assert rendered_with(tmp_path, {"global": {"of": "the parent"}})


def test_one_host_needs_no_cookie_domain(tmp_path: Path) -> None:
    one = {"components": {"payments": {"settings": {"pages_url": "https://sync.example.com:8443"}}}}

    assert rendered_with(tmp_path, one | {"settings": {"cookie_domain": None}})


def test_a_single_replica_has_no_budget_and_an_autoscaler_owns_the_replicas(tmp_path: Path) -> None:
    components = {"offers": {"replicas": 1}, "orders": {"replicas": 1, "scaledElsewhere": True}}

    manifests = rendered_with(tmp_path, {"components": components})

    guarded = {each["metadata"]["name"] for each in of_kind(manifests, "PodDisruptionBudget")}
    scaled = {each["metadata"]["name"] for each in of_kind(manifests, "Deployment") if "replicas" not in each["spec"]}
    assert "shop-hashtill-offers" not in guarded
    assert "shop-hashtill-orders" in guarded
    assert scaled == {"shop-hashtill-orders"}


def test_without_hooks_a_changed_migration_is_a_new_job(tmp_path: Path) -> None:
    without = {"hooks": False}
    before = rendered_with(tmp_path, {"migrations": without})
    after = rendered_with(tmp_path, {"migrations": without, "image": {"tag": "2.0.0"}})

    names = [{each["metadata"]["name"] for each in of_kind(manifests, "Job")} for manifests in (before, after)]
    assert len(names[0] | names[1]) == len(names[0]) + len(names[1])
    assert not any("annotations" in each["metadata"] for each in of_kind(before, "Job"))


def test_migrations_can_be_left_to_the_services(tmp_path: Path) -> None:
    assert of_kind(rendered_with(tmp_path, {"migrations": {"enabled": False}}), "Job") == []


def test_large_numbers_reach_the_service_as_they_were_written(tmp_path: Path) -> None:
    manifests = rendered_with(tmp_path, {"settings": {"cool_down_seconds": 12_345_678}})

    orders = next(each for each in of_kind(manifests, "Deployment") if each["metadata"]["name"].endswith("orders"))
    environment = orders["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "HASHTILL_COOL_DOWN_SECONDS", "value": "12345678"} in environment


def test_long_names_stay_names(tmp_path: Path) -> None:
    manifests = rendered_with(tmp_path, {"fullnameOverride": "a" * 36, "migrations": {"hooks": False}})

    assert max(len(each["metadata"]["name"]) for each in manifests) <= 63
