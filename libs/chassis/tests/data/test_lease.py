"""A lease outlives neither its holder's connection nor its holder's machine."""

from chassis.lease import PostgresLease
from kernel.secret import Secret


async def test_a_holder_whose_machine_vanished_is_missed_within_seconds(database_dsn: str) -> None:
    lease = PostgresLease(Secret(database_dsn), name="x")
    await lease.take()
    assert lease._connection is not None

    probed = [
        int(await lease._connection.fetchval(f"SHOW tcp_keepalives_{part}")) for part in ("idle", "interval", "count")
    ]
    await lease.give_back()

    idle_seconds, interval_seconds, probes = probed
    assert 0 < idle_seconds + interval_seconds * probes < 30
