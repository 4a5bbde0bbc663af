"""A process for the supervisor to look after: listens, counts its lives in a file, and ends on SIGTERM."""

import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType


def live() -> None:
    with Path(os.environ["TOY_LIVES"]).open("a") as lives:
        lives.write(f"{os.getpid()}\n")
    if "TOY_EXIT" in os.environ:
        sys.stdout.write("TOY_PORT is wrong: it is not a number\n")
        sys.exit(int(os.environ["TOY_EXIT"]))
    signal.signal(signal.SIGTERM, _end)
    with socket.create_server(("127.0.0.1", int(os.environ["TOY_PORT"]))) as server:
        while True:
            server.accept()[0].close()


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    live()
