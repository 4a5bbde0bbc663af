"""A suite of one toy process under the real supervisor: `python toy_suite.py FOLDER PORT [EXIT_CODE]`."""

import sys
from pathlib import Path

import psutil

from hashtill_cli.supervisor.children import Children
from hashtill_cli.supervisor.forking import StartError, preload
from hashtill_cli.supervisor.spec import ProcessSpec, Ready
from hashtill_cli.supervisor.supervisor import Supervisor


def main(folder: Path, port: str, *exit_code: str) -> None:
    environ = {"TOY_LIVES": str(folder / "lives"), "TOY_PORT": port}
    spec = ProcessSpec(
        name="toy",
        module="apps.hashtill.tests.toy_process",
        preload=("json",),
        environ=environ | ({"TOY_EXIT": exit_code[0]} if exit_code else {}),
        ready=Ready.LISTENING,
        ready_port=int(port),
        addresses={},
    )
    preload([spec])
    supervisor = Supervisor(Children([spec], logs=folder), servers={}, tell=say)
    try:
        if supervisor.wait_ready():
            supervisor.run()
        say(f"killed: {supervisor.stop()}")
    except StartError as problem:
        say(str(problem))
        supervisor.stop()
        say(f"left: {[child.pid for child in psutil.Process().children()]}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
