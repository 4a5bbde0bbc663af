"""The suite that is struck: the command line as ever, but it ends when whoever started it does."""

import signal

from hashtill_cli.embedded.processes import die_with_parent
from hashtill_cli.main import run

if __name__ == "__main__":
    die_with_parent(signal.SIGTERM)
    run()
