"""Users of the simulated X: cheap, many, found by numeric id or by handle in any case."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.x.problems import invalid_request
from sandbox.x.snowflake_ids import number_in

USERS_MAX = 1_000_000
"""A load test needs tens of thousands; a million of these records is still under a gigabyte."""

PROGRAM_ID = 1_000_000_001

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_SAMPLES = Path(__file__).parent / "sample_users.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account: the id never changes, everything else may."""

    id: int
    username: str
    name: str
    protected: bool = False
    automated: bool = False


class Users:
    """All accounts by id and by handle."""

    def __init__(self) -> None:
        self._by_id: dict[int, User] = {}
        self._ids_by_handle: dict[str, int] = {}

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, user: User) -> User:
        """Take a new account in; a taken id or handle, or an impossible handle, is refused."""
        if len(self._by_id) >= USERS_MAX:
            raise invalid_request(f"This world holds {USERS_MAX} users and is full; reset it.")
        if user.id in self._by_id:
            raise invalid_request(f"The user id {user.id} is taken.")
        self._claim(user.username, user.id)
        self._by_id[user.id] = user
        return user

    @property
    def program(self) -> User:
        """The account the program posts from, whatever its handle is by now."""
        return self._by_id[PROGRAM_ID]

    def get(self, user_id: int) -> User | None:
        """Find by numeric id."""
        return self._by_id.get(user_id)

    def named(self, username: str) -> User | None:
        """Find by handle, with or without `@`, in any case."""
        found = self._ids_by_handle.get(username.removeprefix("@").lower())
        return None if found is None else self._by_id[found]

    def find(self, reference: str) -> User | None:
        """Find by whatever a person would write: a numeric id or a handle."""
        number = number_in(reference)
        return (None if number is None else self.get(number)) or self.named(reference)

    def known(self, reference: str) -> User:
        """Find by id or handle, or refuse."""
        if (user := self.find(reference)) is None:
            raise invalid_request(f"{reference!r} is nobody here")
        return user

    def change(self, user: User, *, username: str | None, name: str | None, protected: bool | None) -> User:
        """Give an account a new handle, name or protection; what is None stays."""
        if username is not None and username.lower() != user.username.lower():
            self._claim(username, user.id)
            del self._ids_by_handle[user.username.lower()]
        changed = replace(
            user,
            username=user.username if username is None else username,
            name=user.name if name is None else name,
            protected=user.protected if protected is None else protected,
        )
        self._by_id[user.id] = changed
        return changed

    def _claim(self, username: str, user_id: int) -> None:
        if not _HANDLE.fullmatch(username):
            raise invalid_request(f"{username!r} is no handle: 1 to 15 letters, digits or underscores.")
        if username.lower() in self._ids_by_handle:
            raise invalid_request(f"The handle @{username} is taken.")
        self._ids_by_handle[username.lower()] = user_id


def seed_users(file: Path | None, *, program_handle: str) -> Sequence[User]:
    """Read the people a fresh world starts with, the program account first; ids are fixed so that links outlive it."""
    people = json.loads((file or _SAMPLES).read_text(encoding="utf-8"))
    program = User(id=PROGRAM_ID, username=program_handle, name="Card Sync", automated=True)
    return [program, *(User(**{**person, "id": int(person["id"])}) for person in people)]
