"""Houses: where a cluster's files live, so that the account PostgreSQL runs as can reach them.

As a normal user, and as root in an open folder, that is the data folder itself. As root below a folder that is shut to
others (mode 0700, a home for instance) we change nothing above us: the files live in a house of our own below HOUSES,
and a pointer file in the data folder remembers which one it is.
"""

import secrets
import shutil
from pathlib import Path

from hashtill_cli.embedded.accounts import Account
from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.folders import PASSABLE, make_folder, require_space

HOUSES = Path("/var/lib/hashtill")
"""Where Linux keeps the state of system programs; only root gets here, and root may create it."""

POINTER_NAME = "postgres.house"


def house_of(data: Path, *, account: Account | None, houses: Path = HOUSES) -> Path:
    """Give the folder that holds (or will hold) the cluster of this data folder."""
    pointer = data / POINTER_NAME
    if pointer.exists():
        return _remembered(pointer)
    if account is None or account.can_reach(data):
        return data
    require_space(_open_to(account, houses))
    house = make_folder(houses / f"data-{secrets.token_hex(8)}", mode=PASSABLE)
    (house / "belongs-to").write_text(f"{data}\n")
    pointer.write_text(f"{house}\n")
    return house


def binaries_of(install: Path, *, version: str, account: Account | None, houses: Path = HOUSES) -> Path:
    """Give the installation itself if the account can reach it, else a copy (made once a version) that it can."""
    if account is None or account.can_reach(install / "bin"):
        return install
    copy = _open_to(account, houses) / f"postgresql-{version}"
    if not copy.exists():
        _copy_once(install, copy)
    return copy


def _copy_once(install: Path, copy: Path) -> None:
    require_space(copy.parent)
    fresh = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}.new")
    try:
        shutil.copytree(install, fresh, symlinks=True, ignore=shutil.ignore_patterns("include"))
        for folder in (fresh, *(inner for inner in fresh.rglob("*") if inner.is_dir())):
            folder.chmod(0o755)
        fresh.rename(copy)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not copy.exists():  # else another start was faster; its copy is as good
            raise


def _open_to(account: Account, houses: Path) -> Path:
    try:
        made = make_folder(houses, mode=PASSABLE)
    except OSError as problem:
        raise EmbeddedServerError(
            f"Run as root, PostgreSQL needs the folder {houses}, which cannot be made ({problem.strerror})."
            " Start Hashtill as a normal user, or make that folder."
        ) from problem
    if not account.can_reach(made):
        raise EmbeddedServerError(
            f"Run as root, PostgreSQL needs {houses} to be passable for others. Start Hashtill as a normal user,"
            f" or allow it with: chmod o+x {houses}"
        )
    return made


def _remembered(pointer: Path) -> Path:
    house = Path(pointer.read_text().strip())
    if not house.exists():
        raise EmbeddedServerError(
            f"The database files of {pointer.parent} were in {house}, which is gone. Put it back,"
            f" or remove {pointer} to begin with an empty database."
        )
    return house
