"""Key-value models: whole before ready, then always current, whatever happens to the bucket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.client import Client

from chassis.data_testing import until
from chassis.jetstream import KNOWN_TAGS, api, ensure_streams
from chassis.key_value import KeyValueModel
from hashtill_cli.embedded.nats import Nats


def decode(_key: str, value: bytes) -> int:
    return int(value)


@asynccontextmanager
async def running(nats: Client) -> AsyncIterator[KeyValueModel[int]]:
    model = KeyValueModel(nats, bucket="known_tags", decode=decode)
    stop = asyncio.Event()
    task = asyncio.create_task(model.run(stop))
    try:
        yield model
    finally:
        stop.set()
        await task


async def put(nats: Client, key: str, value: int) -> None:
    await nats.request(f"$KV.known_tags.{key}", b"%d" % value)


async def delete(nats: Client, key: str) -> None:
    await nats.request(f"$KV.known_tags.{key}", b"", headers={"KV-Operation": "DEL"})


async def test_an_empty_bucket_is_synced_at_once(nats: Client) -> None:
    async with running(nats) as model:
        await until(model.is_synced)

        assert model.values == {}


async def test_the_first_sync_is_whole_and_changes_follow(nats: Client) -> None:
    for number in range(300):
        await put(nats, f"k{number}", number)
    await delete(nats, "k0")

    async with running(nats) as model:
        await until(model.is_synced)
        first = dict(model.values)
        await put(nats, "k1", 1_000)
        await delete(nats, "k2")
        await until(lambda: _are(model, {**first, "k1": 1_000}, without="k2"))

    assert first == {f"k{number}": number for number in range(1, 300)}


async def test_listeners_hear_of_changes_and_unreadable_values_are_left_out(nats: Client) -> None:
    heard: list[int] = []
    async with running(nats) as model:
        await until(model.is_synced)
        model.on_change(lambda: heard.append(len(model.values)))

        await nats.request("$KV.known_tags.bad", b"no number")
        await put(nats, "good", 1)
        await until(lambda: _are(model, {"good": 1}))

    assert heard[-1] == 1


async def test_a_bucket_lost_and_made_again_takes_no_key_away_and_its_owner_does(nats: Client) -> None:
    await put(nats, "kept", 1)
    await put(nats, "old", 1)
    async with running(nats) as model:
        await until(model.is_synced)
        seen: list[dict[str, int]] = []
        model.on_change(lambda: seen.append(dict(model.values)))

        await api(nats, "STREAM.DELETE.KV_known_tags")
        await ensure_streams(nats, (KNOWN_TAGS,))
        await put(nats, "new", 2)
        await until(lambda: _are(model, {"kept": 1, "old": 1, "new": 2}))
        await delete(nats, "old")
        await until(lambda: _are(model, {"kept": 1, "new": 2}))

    assert all("kept" in values for values in seen)


async def test_a_killed_broker_is_waited_for(own_nats: Client, nats_server: Nats) -> None:
    await put(own_nats, "a", 1)
    async with running(own_nats) as model:
        await until(model.is_synced)

        assert nats_server.process is not None
        nats_server.process.kill()
        nats_server.process.wait()
        await asyncio.to_thread(nats_server.start)
        await until(lambda: _is_connected(own_nats))
        await put(own_nats, "b", 2)
        await until(lambda: _are(model, {"a": 1, "b": 2}))


async def _are(model: KeyValueModel[int], wanted: dict[str, int], *, without: str = "") -> bool:
    wanted = {key: value for key, value in wanted.items() if key != without}
    return dict(model.values) == wanted


async def _is_connected(own_nats: Client) -> bool:
    return bool(own_nats.is_connected)
