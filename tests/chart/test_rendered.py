import kubernetes_validate
import pytest
from tests.chart.environment import circle_of_targets, wrong_environment
from tests.chart.manifests import of_kind, title
from tests.chart.rendering import CHART, Rendered, render
from tests.chart.rules import RULES
from tools.chart.helm import run_helm

from hashtill_cli.embedded.servers import SERVICES

READ_BY = (("1.30", "production-values.yaml"), ("1.37", "gitops-values.yaml"))
"""The oldest Kubernetes the chart runs on and the newest whose schemas we have; the two examples use every field."""


def test_helm_finds_nothing_to_say_against_it(example: Rendered) -> None:
    linted = run_helm("lint", "--strict", str(CHART), "--values", str(example.values))

    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "[WARNING]" not in linted.stdout


@pytest.mark.usefixtures("with_helm")
@pytest.mark.parametrize(("version", "values"), READ_BY)
def test_every_field_is_one_that_kubernetes_knows(version: str, values: str) -> None:
    wrong = []
    for manifest in render(values).manifests:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            wrong.append(f"{title(manifest)}: {error.message}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_broken(example: Rendered, rule: str) -> None:
    sentences = list(RULES[rule](example.manifests))

    assert not sentences, "\n".join(sentences)


def test_each_service_gets_what_its_settings_read(example: Rendered) -> None:
    sentences = list(wrong_environment(example.manifests))

    assert not sentences, "\n".join(sentences)


def test_no_service_waits_for_one_that_waits_for_it(example: Rendered) -> None:
    assert circle_of_targets(example.manifests) == []


def test_all_services_run_and_all_databases_are_migrated(example: Rendered) -> None:
    running = {
        each["spec"]["template"]["spec"]["containers"][0]["name"] for each in of_kind(example.manifests, "Deployment")
    }
    jobs = of_kind(example.manifests, "Job")

    commands = [each["spec"]["template"]["spec"]["containers"][0]["command"] for each in jobs]

    assert running - {"checker"} == set(SERVICES)
    assert sorted(commands) == sorted(["python", "-m", service, "migrate"] for service in SERVICES)
