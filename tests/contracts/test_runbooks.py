"""Runbooks: every page names tests that rehearse it, and those tests are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PAGES = sorted(page for page in (ROOT / "docs" / "runbooks").glob("*.md") if page.name != "README.md")

REHEARSAL = re.compile(r"`([\w/.]+\.py)::(\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_is_rehearsed_by_tests_that_exist(page: Path) -> None:
    rehearsals = REHEARSAL.findall(page.read_text(encoding="utf-8"))

    missing = [f"{file}::{name}" for file, name in rehearsals if f"def {name}(" not in _text(file)]
    assert rehearsals
    assert missing == []


def test_the_index_names_every_runbook() -> None:
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in PAGES if f"({page.name})" not in index] == []


def _text(file: str) -> str:
    path = ROOT / file
    return path.read_text(encoding="utf-8") if path.exists() else ""
