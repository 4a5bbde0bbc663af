"""A process aside under test: `python toy_aside.py end CODE` ends by itself, `... stay` is stopped."""

import os
import signal
import sys

from hashtill_cli.supervisor.aside import Aside


def main(how: str, code: str = "0") -> None:
    def work() -> int:
        sys.stdout.write("aside works\n")
        sys.stdout.flush()
        if how == "stay":
            signal.pause()
        return int(code)

    aside = Aside(work)
    if how == "end":
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        sys.stdout.write(f"ended by itself: {aside.has_ended()}\n")
    sys.stdout.write(f"code: {aside.stop()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
