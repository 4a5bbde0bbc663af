"""Run the checker until SIGTERM."""

import sys

from hashtill_cli.checking.following.process import main

if __name__ == "__main__":
    sys.exit(main())
