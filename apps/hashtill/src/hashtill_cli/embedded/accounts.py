"""Accounts: which user a server runs as; PostgreSQL refuses root, so root lends it the machine's powerless one."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from hashtill_cli.embedded.errors import EmbeddedServerError

POWERLESS_NAME = "nobody"
"""Every Unix has this user; we add none."""

_SEARCH_BY_OTHERS = 0o001


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user and group of the machine, as numbers."""

    uid: int
    gid: int

    def can_reach(self, folder: Path) -> bool:
        """Whether every folder on the way lets others pass (strictly: open to all, not just to its group)."""
        real = folder.resolve()
        return all(step.stat().st_mode & _SEARCH_BY_OTHERS for step in (real, *real.parents))

    def owns(self, path: Path) -> None:
        """Make this user the owner of a path; only for what we have just created ourselves."""
        os.chown(path, self.uid, self.gid)


def account_for_postgres() -> Account | None:
    """Give the account to lend PostgreSQL when we are root; None when we are a normal user: it runs as us."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(POWERLESS_NAME)
    except KeyError:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and this machine has no user '{POWERLESS_NAME}'."
            " Start Hashtill as a normal user."
        ) from None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)
