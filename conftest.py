"""Every test of the tree may ask for real servers; see hashtill_cli.testing."""

pytest_plugins = ["hashtill_cli.testing"]
