"""How our PostgreSQL is set: safe against a crash at any instant, sized for a small machine."""

from collections.abc import Iterator

from hashtill_cli.embedded.ports import LOOPBACK

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # one way in, with a password
    "password_encryption": "scram-sha-256",
    "fsync": "on",  # money is at stake: a commit is on the disk before it is answered
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "checkpoint_timeout": "2min",  # a restart after a crash replays two minutes at most
    "recovery_init_sync_method": "syncfs",  # after a crash one call for all files, not one for each of thousands
    "max_wal_size": "1GB",  # so that time, not volume, asks for checkpoints: after each one, every page is logged whole
    "max_connections": "120",  # six services of at most 15, the tools, and pgbench's 32
    "shared_buffers": "128MB",  # the whole suite's rows of an evening; the system's cache does the rest
    "idle_in_transaction_session_timeout": "5s",  # a stuck client lets its rows go
    "lock_timeout": "0",
    "log_parameter_max_length": "0",  # no value of a statement reaches a log
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m %d ",
    "log_destination": "stderr",
    "logging_collector": "off",
    "cluster_name": "hashtill",
    "jit": "off",  # our statements are short; compiling them costs more than it gains
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""Given on the command line at every start, so that a cluster made by an older Hashtill follows along."""


def as_options(*, port: int) -> Iterator[str]:
    """Give the settings as arguments of the `postgres` program."""
    for name, value in (SETTINGS | {"port": str(port)}).items():
        yield "-c"
        yield f"{name}={value}"
