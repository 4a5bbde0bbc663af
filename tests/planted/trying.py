"""Trying: runs named tests or seeds in a copy of the tree and tells whether they passed, failed, or broke."""

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.planted.trees import Tree

TEST_SECONDS_MAX = 150
"""One test, on a machine with other things to do; on an idle one the slowest takes a tenth of this."""

TRY_SECONDS_MAX = 240
"""One process with one test: what has not ended by then hangs, which catches nothing."""

ENDING_SECONDS = 20.0
"""An interrupted run has this long to stop the servers it started."""

_BROKEN_CODE = re.compile(
    r"(?:\w+\.)*(?:ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|UnboundLocalError"
    r"|AttributeError|TypeError)\b"
)
"""A patch that only breaks the code proves nothing about a test."""

_HUNG = re.compile(r"Failed: Timeout\b")


class Verdict(StrEnum):
    """What came of a test."""

    PASSED = "passed"
    FAILED = "failed"
    BROKE = "broke"
    HUNG = "hung"
    MISSING = "was not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it, and in which words."""

    verdict: Verdict
    words: str = ""


def try_tests(
    tree: Tree, node_ids: Sequence[str], *, workers: int = 1, seconds_max: float = TRY_SECONDS_MAX
) -> dict[str, Tried]:
    """Run these tests in one pytest run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        spread = ["--numprocesses", str(workers), "--dist", "loadgroup"] if workers > 1 else []
        command = (
            "pytest", "-q", "-p", "no:cacheprovider", *spread, f"--timeout={TEST_SECONDS_MAX}", f"--junit-xml={report}",
        )  # fmt: skip
        ended = _run(tree, *command, *node_ids, seconds_max=seconds_max)
        if ended is None:
            return dict.fromkeys(node_ids, Tried(verdict=Verdict.HUNG))
        told = _read(report) if report.exists() else {}
    missing = Tried(verdict=Verdict.MISSING, words=" ".join(ended[1].strip().splitlines()[-1:]))
    return {node_id: _worst(node_id, told) or missing for node_id in node_ids}


def try_seeds(tree: Tree, seeds: Sequence[int]) -> Tried:
    """Play these seeds of the simulation: FAILED when one breaks a promise."""
    ended = _run(tree, "tests.planted.seeds", *map(str, seeds), seconds_max=TRY_SECONDS_MAX)
    if ended is None:
        return Tried(verdict=Verdict.HUNG)
    code, printed = ended
    if code == 0:
        return Tried(verdict=Verdict.PASSED)
    said = printed.partition("BROKEN ")[2].strip().splitlines()
    words = " ".join(said[:2])
    return Tried(verdict=Verdict.FAILED if said and not _BROKEN_CODE.search(words) else Verdict.BROKE, words=words)


def _run(tree: Tree, *module_and_words: str, seconds_max: float) -> tuple[int, str] | None:
    """Give exit code and output; None when it had to be ended."""
    with subprocess.Popen(  # noqa: S603 - our own tools
        [sys.executable, "-m", *module_and_words],
        cwd=tree.root, env=tree.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as running:  # fmt: skip
        try:
            printed, _ = running.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            _end(running)
            return None
    return running.returncode, printed


def _end(running: "subprocess.Popen[str]") -> None:
    """Interrupt, so that it stops its own servers; kill what does not listen."""
    running.send_signal(signal.SIGINT)
    try:
        running.communicate(timeout=ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()


def _read(report: Path) -> Mapping[str, Tried]:
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - written by our own pytest a moment ago
    return {f"{case.get('classname')}.{case.get('name')}": _tried(case) for case in cases}


def _worst(node_id: str, told: Mapping[str, Tried]) -> Tried | None:
    """Give what came of a test; one that is named without its parameters is as good as its worst case."""
    name = _junit_name(node_id)
    cases = [tried for each, tried in told.items() if each == name or each.startswith(f"{name}[")]
    return min(cases, key=lambda tried: tried.verdict is Verdict.PASSED, default=None)


def _tried(case: ET.Element) -> Tried:
    if (error := case.find("error")) is not None:
        return Tried(verdict=Verdict.BROKE, words=_first_line(error))
    if (failure := case.find("failure")) is not None:
        words = _first_line(failure)
        if _HUNG.match(words):
            return Tried(verdict=Verdict.HUNG, words=words)
        return Tried(verdict=Verdict.BROKE if _BROKEN_CODE.match(words) else Verdict.FAILED, words=words)
    return Tried(verdict=Verdict.MISSING if case.find("skipped") is not None else Verdict.PASSED)


def _first_line(told: ET.Element) -> str:
    return (told.get("message") or "").split("\n", 1)[0]


def _junit_name(node_id: str) -> str:
    path, _, name = node_id.partition("::")
    return f"{path.removesuffix('.py').replace('/', '.')}.{name.replace('::', '.')}"
