"""Tests: the whole tree on real servers in several processes, with coverage, and a gate for the rooms that decide.

Extra arguments go to pytest. The last line is pytest's own summary; the exit code is non-zero when a test failed or
when a `domain/` or `usecases/` file has a line or branch that no test takes.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

GATED = ("services/*/src/*/domain/*", "services/*/src/*/usecases/*")
"""The rooms whose every branch is a rule of the business."""


BELOW_LIMIT = 2
"""How `coverage report --fail-under` ends when the limit is not met (1: there was nothing to report)."""


def main() -> int:
    """Run the tests under coverage, print what is covered, and keep pytest's summary for the end."""
    arguments, rest = _arguments()
    environ = os.environ | {"COVERAGE_CORE": "sysmon" if sys.version_info >= (3, 14) else "ctrace"}
    output = ROOT / ".cache" / "tests.txt"
    output.parent.mkdir(exist_ok=True)
    tests = _run(
        "pytest", "-q", f"--numprocesses={arguments.workers}", "--dist=loadfile", "--no-loadscope-reorder",
        "--cov", "--cov-report=", *rest,
        environ=environ, tee=output,
    )  # fmt: skip
    _run("coverage", "report", "--skip-covered", "--skip-empty")
    gate = _gate(whole=not rest)
    print("".join(output.read_text().splitlines(keepends=True)[-1:]), end="")
    return tests or gate


def _gate(*, whole: bool) -> int:
    gated = f"--include={','.join(GATED)}"
    missing = _run("coverage", "report", gated, "--skip-covered", "--show-missing", "--fail-under=100", quiet=True)
    if missing == 0:
        print("Every branch in domain/ and usecases/ is taken by a test.")
        return 0
    if missing == BELOW_LIMIT:
        _run("coverage", "report", gated, "--skip-covered", "--show-missing")
        print("Lines and branches above, in domain/ or usecases/, are taken by no test: write it, or remove the code.")
        return 1
    if whole:
        _run("coverage", "report", gated)
        print("What is covered in domain/ and usecases/ could not be read, see above; so nothing is proven.")
        return 1
    print("There is no domain/ or usecases/ code in this run; nothing to hold to 100 %.")
    return 0


def _run(*command: str, environ: dict[str, str] | None = None, tee: Path | None = None, quiet: bool = False) -> int:
    running = subprocess.Popen(  # noqa: S603 - our own tools
        [sys.executable, "-m", *command],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lines = []
    for line in running.stdout or ():
        lines.append(line)
        if not quiet:
            print(line, end="", flush=True)
    if tee is not None:
        tee.write_text("".join(lines))
    return running.wait()


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default="2")
    return parser.parse_known_args()


if __name__ == "__main__":
    sys.exit(main())
