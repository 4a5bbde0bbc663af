import asyncio
import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from apps.hashtill.tests.machine import ask, users_and_modes_above

from chassis.data_testing import until
from hashtill_cli.embedded.accounts import account_for_postgres
from hashtill_cli.embedded.data_folder import data_folder
from hashtill_cli.embedded.databases import service_dsns
from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.houses import binaries_of, house_of
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.leftovers import serves
from hashtill_cli.embedded.postgres import Postgres, embedded_postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another account")


@contextmanager
def started(folder: Path, houses: Path, *, port: int = 0) -> Iterator[Postgres]:
    with (
        data_folder(folder) as data,
        embedded_postgres(data, keyring=Keyring(data), port=port, houses=houses) as server,
    ):
        yield server


def test_starts_below_a_shut_folder_and_changes_nothing_of_the_machine(shut_folder: Path, houses: Path) -> None:
    before = users_and_modes_above(shut_folder)

    with started(shut_folder, houses) as server:
        answer = ask(server, "SELECT 1")

    assert answer == 1
    assert users_and_modes_above(shut_folder) == before


@as_root
def test_root_lends_the_powerless_account_and_keeps_the_files_where_it_can_reach(
    shut_folder: Path, houses: Path
) -> None:
    with started(shut_folder, houses) as server:
        assert server.process is not None
        runs_as = Path(f"/proc/{server.process.pid}").stat().st_uid

        assert runs_as != 0
        assert server.cluster.is_relative_to(houses)
        assert (shut_folder / "postgres.house").read_text().strip() == str(server.cluster.parent)


@as_root
def test_binaries_below_a_shut_folder_are_copied_once_to_where_the_account_can_run_them(
    shut_folder: Path, houses: Path
) -> None:
    program = shut_folder / "pginstall" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text("a program")
    account = account_for_postgres()
    assert account is not None

    copies = [binaries_of(program.parent.parent, version="1", account=account, houses=houses) for _ in range(2)]

    assert copies == [houses / "postgresql-1"] * 2
    assert account.can_reach(copies[0] / "bin")
    assert (copies[0] / "bin" / "postgres").read_text() == "a program"


def test_an_open_data_folder_holds_its_own_files(open_folder: Path, houses: Path) -> None:
    with started(open_folder, houses) as server:
        cluster = server.cluster

    assert cluster == open_folder / "postgres"
    assert cluster.stat().st_mode & 0o777 == 0o700
    assert (open_folder / "passwords.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["open_folder", "shut_folder"])
def test_data_survive_a_restart(place: str, houses: Path, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(place)
    with started(folder, houses) as server:
        ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")

    with started(folder, houses) as server:
        answer = ask(server, "SELECT answer FROM kept")

    assert answer == 42


def test_a_killed_postmaster_starts_again_with_everything_committed(open_folder: Path, houses: Path) -> None:
    with started(open_folder, houses) as server:
        ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert server.process is not None
        port = server.port
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)

        server.restart()

        assert ask(server, "SELECT answer FROM kept") == 42
        assert server.port == port


async def test_no_connection_of_a_killed_postmaster_works_on_beside_the_next_one(
    open_folder: Path, houses: Path
) -> None:
    with started(open_folder, houses) as server:
        assert server.process is not None
        dsn = server.admin_dsn.reveal()
        busy, other = await asyncpg.connect(dsn, ssl=False), await asyncpg.connect(dsn, ssl=False)
        orphan = int(await busy.fetchval("SELECT pg_backend_pid()"))
        working = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))

        async def works() -> bool:
            return bool(await other.fetchval("SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1", orphan))

        await until(works)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
        assert serves(orphan, server.cluster)

        await asyncio.to_thread(server.restart)

        assert not serves(orphan, server.cluster)
        with pytest.raises((asyncpg.PostgresError, ConnectionError)):
            await working
        assert await asyncio.to_thread(_answers, server) == 1
        other.terminate()


def _answers(server: Postgres) -> object:
    return ask(server, "SELECT 1")


def test_a_pid_file_that_names_a_stranger_does_not_stop_a_start(open_folder: Path, houses: Path) -> None:
    with started(open_folder, houses) as server:
        pid_file = server.cluster / "postmaster.pid"
        left = pid_file.read_text().replace(pid_file.read_text().split("\n", 1)[0], str(os.getpid()), 1)
    pid_file.write_text(left)

    with started(open_folder, houses) as server:
        answer = ask(server, "SELECT 1")

    assert answer == 1


def test_nobody_enters_without_the_password(open_folder: Path, houses: Path) -> None:
    async def enter(port: int) -> None:
        await asyncpg.connect(host="127.0.0.1", port=port, user="postgres", password="guess", ssl=False)

    with started(open_folder, houses) as server, pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(enter(server.port))


def test_a_service_owns_its_database_and_cannot_enter_another(open_folder: Path, houses: Path) -> None:
    async def enter(dsn: str, database: str) -> str:
        connection = await asyncpg.connect(dsn, database=database, ssl=False)
        try:
            return str(await connection.fetchval("SELECT current_user"))
        finally:
            await connection.close()

    with started(open_folder, houses) as server:
        keyring = Keyring(open_folder)
        dsns = service_dsns(server, keyring=keyring, services=["orders", "offers"])
        again = service_dsns(server, keyring=keyring, services=["orders", "offers"])

        assert asyncio.run(enter(dsns["orders"].reveal(), "hashtill_orders")) == "hashtill_orders"
        assert again == dsns
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asyncio.run(enter(dsns["orders"].reveal(), "hashtill_offers"))


def test_no_password_reaches_the_servers_log_even_when_its_role_cannot_be_made(open_folder: Path, houses: Path) -> None:
    with started(open_folder, houses) as server:
        keyring = Keyring(open_folder)
        with pytest.raises(asyncpg.PostgresSyntaxError):
            service_dsns(server, keyring=keyring, services=["no-name"])

    said = server.log.read_text()
    assert "syntax error" in said
    assert keyring.password("hashtill_no-name").reveal() not in said


def test_a_busy_port_is_named_with_its_remedy(open_folder: Path, houses: Path, postgres_server: Postgres) -> None:
    with (
        pytest.raises(EmbeddedServerError, match="already in use"),
        started(open_folder, houses, port=postgres_server.port),
    ):
        pass


def test_a_second_hashtill_on_the_same_data_is_refused_by_name(open_folder: Path) -> None:
    with (
        data_folder(open_folder),
        pytest.raises(EmbeddedServerError, match=f"process {os.getpid()}"),
        data_folder(open_folder),
    ):
        pass


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashtill_cli.embedded.folders.FREE_MB_MIN", 1 << 40)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_said_before_anything_is_made(open_folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="Free some space"), data_folder(open_folder):
        pass

    assert (open_folder / "lock").read_text() == ""
    assert [path.name for path in open_folder.iterdir()] == ["lock"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_found_full_on_the_way_is_told_with_its_remedy(number: int, open_folder: Path) -> None:
    with (
        pytest.raises(EmbeddedServerError, match=r"is full .* Free some space, or give a folder on another disk"),
        data_folder(open_folder),
    ):
        raise OSError(number, os.strerror(number))


def test_another_failure_of_the_system_stays_what_it_is(open_folder: Path) -> None:
    with pytest.raises(BrokenPipeError), data_folder(open_folder):
        raise BrokenPipeError


@as_root
@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_of_the_house_is_said_too_and_leaves_no_house(shut_folder: Path, houses: Path) -> None:
    shut_folder.mkdir()

    with pytest.raises(EmbeddedServerError, match="Free some space"):
        house_of(shut_folder, account=account_for_postgres(), houses=houses)

    assert list(houses.iterdir()) == []
    assert list(shut_folder.iterdir()) == []


@as_root
def test_a_copy_of_the_binaries_that_fails_leaves_nothing(shut_folder: Path, houses: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        binaries_of(shut_folder / "gone", version="1", account=account_for_postgres(), houses=houses)

    assert list(houses.iterdir()) == []


def test_a_postgresql_that_does_not_get_ready_is_ended(
    open_folder: Path, houses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(open_folder, houses) as server:
        cluster = server.cluster
    monkeypatch.setattr("hashtill_cli.embedded.postgres.READY_SECONDS_MAX", 0.0)

    with pytest.raises(EmbeddedServerError, match="did not get ready"), started(open_folder, houses):
        pass

    assert [child for child in psutil.Process().children() if serves(child.pid, cluster)] == []
