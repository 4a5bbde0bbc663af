"""Every test of the tree may ask for real servers; see hashtill_cli.testing."""

import sandbox  # noqa: F401 - first, or pytest takes the folder sandbox/ (of sandbox/tests) for the package

pytest_plugins = ["hashtill_cli.testing"]
