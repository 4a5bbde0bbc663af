"""A service of the former release: this process becomes `python -m <service>` with that release's code before ours."""

import os
import sys

from tests.upgrade.previous import PYTHON_PATH, SERVICE


def main() -> None:
    """Become it; the interpreter starts anew, for ours has our code in memory."""
    environ = os.environ | {"PYTHONPATH": os.environ[PYTHON_PATH]}
    os.execve(sys.executable, [sys.executable, "-m", os.environ[SERVICE]], environ)  # noqa: S606 - ourselves, anew


if __name__ == "__main__":
    main()
