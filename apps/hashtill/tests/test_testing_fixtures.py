import asyncpg
import nats


async def test_a_fresh_database_is_empty_and_durable(database_dsn: str) -> None:
    connection = await asyncpg.connect(database_dsn)

    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    settings = {
        name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit", "data_checksums")
    }
    await connection.close()

    assert tables == 0
    assert settings == {"fsync": "on", "synchronous_commit": "on", "data_checksums": "on"}


async def test_jetstream_keeps_a_message(fresh_nats_url: str) -> None:
    client = await nats.connect(fresh_nats_url)
    stream = client.jetstream()
    await stream.add_stream(name="FACTS", subjects=["facts.>"])

    stored = await stream.publish("facts.one", b"it happened")
    await client.close()

    assert stored.seq == 1
