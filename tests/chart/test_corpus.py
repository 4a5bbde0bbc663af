from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.chart.manifests import ManifestError, load
from tests.chart.rules import RULES, broken

CORPUS = Path(__file__).parent / "corpus"

SOUND = (CORPUS / "sound.yaml").read_text()

DEFECTS: list[dict[str, Any]] = yaml.safe_load((CORPUS / "defects.yaml").read_text())


def test_sound_manifests_break_no_rule() -> None:
    assert broken(load(SOUND)) == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect['rule']}: {defect['says']}")
def test_a_defect_is_refused_by_its_rule_and_no_other(defect: dict[str, Any]) -> None:
    assert defect["for"] in SOUND

    found = broken(load(SOUND.replace(defect["for"], defect["put"], 1)))

    assert set(found) == {defect["rule"], *defect.get("also", [])}
    assert defect["says"] in found[defect["rule"]][0]


def test_every_rule_has_a_defect_it_refuses() -> None:
    assert {defect["rule"] for defect in DEFECTS} == set(RULES)


def test_a_key_that_is_given_twice_is_no_manifest() -> None:
    with pytest.raises(ManifestError, match="replicas is given twice"):
        load("kind: Deployment\nspec:\n  replicas: 1\n  replicas: 2\n")
