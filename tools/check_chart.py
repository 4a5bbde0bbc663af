"""Chart: compare with the services' settings, then Helm's own lint and our rules over what it renders.

What the rules and the values refuse is proven by the rest of tests/chart, in `make test`.
With OFFLINE=1 a chart whose Helm cannot be fetched is left unchecked, in one sentence; without it the check fails.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PYTEST_LEAN = ("-q", "--no-header", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Our failures are sentences; what pytest would load and rewrite for other tests takes a second and a half."""


def main() -> int:
    """Fetch Helm; then say all that is wrong, for a stale drawing is best understood by what it misses."""
    if python("tools.chart.helm", quiet=True) != 0:
        return 0 if os.environ.get("OFFLINE") else 1
    stale = python("tools.chart.draw", "--check")
    broken = python("pytest", "tests/chart/test_rendered.py", *PYTEST_LEAN)
    return stale or broken


def python(module: str, *arguments: str, quiet: bool = False) -> int:
    """Run a module from the project's root."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL if quiet else None, check=False).returncode  # noqa: S603 - our own arguments


if __name__ == "__main__":
    sys.exit(main())
