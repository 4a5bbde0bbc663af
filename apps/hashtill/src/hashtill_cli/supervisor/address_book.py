"""The address book: a file in the data folder that tells other commands where the running suite answers."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from hashtill_cli.embedded.keyring import write_private

FILE_NAME = "addresses.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBook:
    """Every address of a running suite; some hold passwords, so the file is its owner's alone."""

    supervisor_pid: int
    processes: dict[str, dict[str, str]]
    """By process, by what for: `processes["orders"]["grpc"]` is host:port."""
    databases: dict[str, str]
    nats_url: str
    nats_monitoring_url: str
    logs: str

    def write(self, data: Path) -> None:
        """Put it where `read_address_book` finds it, whole or not at all."""
        fresh = data / f"{FILE_NAME}.new"
        write_private(fresh, json.dumps(asdict(self), indent=1))
        fresh.replace(data / FILE_NAME)


class NotRunningError(Exception):
    """No suite runs on that data folder; the message says how to start one."""


def read_address_book(data: Path) -> AddressBook:
    """Find the suite that runs on this data folder; raises NotRunningError with the remedy."""
    try:
        book = AddressBook(**json.loads((data / FILE_NAME).read_text()))
        os.kill(book.supervisor_pid, 0)
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        raise NotRunningError(f"No Hashtill is running on {data}. Start one in another terminal: make up") from None
    except PermissionError:
        raise NotRunningError(f"The Hashtill on {data} is another user's. Run this command as that user.") from None
    return book


def forget_address_book(data: Path) -> None:
    """Remove it, at the stop."""
    (data / FILE_NAME).unlink(missing_ok=True)
