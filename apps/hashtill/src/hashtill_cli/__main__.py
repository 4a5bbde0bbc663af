"""Runs the command line as `python -m hashtill_cli`."""

from hashtill_cli.main import run

if __name__ == "__main__":
    run()
