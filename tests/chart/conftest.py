"""Renders the chart once for each of its example values."""

import os

import pytest
from tests.chart.rendering import EXAMPLES, Rendered, render
from tools.chart.helm import HelmUnavailableError, helm


@pytest.fixture(scope="session")
def with_helm() -> None:
    try:
        helm()
    except HelmUnavailableError as error:
        if os.environ.get("OFFLINE"):
            pytest.skip(str(error))
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session", params=EXAMPLES)
def example(request: pytest.FixtureRequest, with_helm: None) -> Rendered:  # noqa: ARG001 - asks for Helm first
    return render(request.param)
