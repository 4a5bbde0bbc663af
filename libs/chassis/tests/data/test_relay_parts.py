"""A tick of many rows is published part by part: in order, each marked, and none behind a part that did not go well."""

import pytest
from libs.chassis.tests.data.relay_world import Facts, announce, unpublished
from nats.aio.client import Client

from chassis import relay as relaying
from chassis.data_testing import messages_of
from chassis.jetstream import api, ensure_streams
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.relay_session import RelaySession

NAMES = [f"a{number}" for number in range(10)]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "PART_MAX", 3)


async def stored(nats: Client) -> list[str]:
    return [(message.headers or {})["ce-subject"] for message in await messages_of(nats, "ORDERS")]


async def test_parts_follow_each_other_in_one_tick(database: Database, nats: Client, facts: Facts) -> None:
    await announce(database, facts(NAMES))
    relay = Relay(database, nats)

    assert await relay.run_once() == len(NAMES)

    assert await stored(nats) == NAMES
    assert await unpublished(database) == 0
    await relay.close()


async def test_nothing_follows_a_part_that_the_stream_refused(database: Database, nats: Client, facts: Facts) -> None:
    await ensure_streams(nats)
    config = (await api(nats, "STREAM.INFO.ORDERS"))["config"]
    await api(nats, "STREAM.UPDATE.ORDERS", config | {"max_msg_size": 10})
    await announce(database, facts(NAMES))
    relay = Relay(database, nats)

    await relay.run_once()
    await api(nats, "STREAM.UPDATE.ORDERS", config)
    await relay.run_once()

    assert await stored(nats) == NAMES
    await relay.close()


async def test_what_the_broker_has_is_known_though_marking_the_part_before_failed(
    database: Database, nats: Client, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await announce(database, facts(NAMES))
    relay = Relay(database, nats)

    async def fails(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(RelaySession, "mark", fails)
        with pytest.raises(ConnectionError):
            await relay.run_once()
    while await relay.run_once():
        pass

    assert list(dict.fromkeys(await stored(nats))) == NAMES
    assert await unpublished(database) == 0
    await relay.close()
