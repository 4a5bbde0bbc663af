"""The launcher as a normal user; when the tests run as root, in a process that has given its power away."""

import multiprocessing
import os
import pwd
from pathlib import Path

import pytest
from apps.hashtill.tests.machine import ask, users_and_modes_above

from hashtill_cli.embedded.data_folder import data_folder
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import embedded_nats
from hashtill_cli.embedded.postgres import embedded_postgres

NOBODY = pwd.getpwnam("nobody")

WITHIN_SECONDS = 60


def start_and_ask(folder: Path, houses: Path) -> None:
    with data_folder(folder) as data:
        keyring = Keyring(data)
        with embedded_postgres(data, keyring=keyring, houses=houses) as postgres, embedded_nats(data, keyring=keyring):
            assert ask(postgres, "SELECT 1") == 1
            assert postgres.cluster == folder / "postgres"
            assert postgres.cluster.stat().st_uid == os.geteuid()


def start_powerless(folder: Path, houses: Path) -> None:
    os.setgroups([])
    os.setgid(NOBODY.pw_gid)
    os.setuid(NOBODY.pw_uid)
    start_and_ask(folder, houses)


@pytest.mark.skipif(os.geteuid() == 0, reason="the tests run as root; the next one becomes a user")
def test_a_user_runs_everything_itself_below_its_shut_folder(shut_folder: Path, houses: Path) -> None:
    before = users_and_modes_above(shut_folder)

    start_and_ask(shut_folder, houses)

    assert users_and_modes_above(shut_folder) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_runs_everything_itself_below_its_shut_folder(shut_folder: Path, houses: Path) -> None:
    for folder in (shut_folder.parent.parent, shut_folder.parent):
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    before = users_and_modes_above(shut_folder)

    child = multiprocessing.get_context("fork").Process(target=start_powerless, args=(shut_folder, houses))
    child.start()
    child.join(WITHIN_SECONDS)

    assert child.exitcode == 0
    assert users_and_modes_above(shut_folder) == before
