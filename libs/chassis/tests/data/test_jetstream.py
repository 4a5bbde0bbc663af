"""JetStream's set-up: streams are made as declared, again and again, and a server that is away is named."""

import asyncio

import pytest
from nats.aio.client import Client

from chassis.jetstream import (
    KNOWN_TAGS,
    SOCIAL,
    STREAMS,
    StreamSpec,
    api,
    bucket,
    configuration,
    connect,
    correction,
    ensure_streams,
)
from chassis.lifecycle import NotThereError
from kernel.secret import Secret


async def test_every_stream_is_as_declared(nats: Client) -> None:
    await asyncio.gather(*(ensure_streams(nats) for _ in range(3)))

    for spec in STREAMS:
        config = (await api(nats, f"STREAM.INFO.{spec.name}"))["config"]
        wanted = configuration(spec, replicas=1)
        assert {field: config.get(field, type(value)()) for field, value in wanted.items()} == wanted


async def test_a_stream_that_differs_is_corrected_and_keeps_its_messages(nats: Client) -> None:
    await nats.request("social.x.0", b"post")
    config = (await api(nats, "STREAM.INFO.SOCIAL"))["config"]
    await api(nats, "STREAM.UPDATE.SOCIAL", config | {"max_age": 86_400_000_000_000})

    await ensure_streams(nats, (SOCIAL,))

    answer = await api(nats, "STREAM.INFO.SOCIAL")
    assert answer["config"]["max_age"] == 8 * 86_400_000_000_000
    assert answer["state"]["messages"] == 1


def test_a_stream_that_an_operator_keeps_on_three_servers_stays_there() -> None:
    wanted = configuration(SOCIAL, replicas=1)
    on_three = wanted | {"num_replicas": 3, "placement": {"tags": ["ssd"]}}

    assert correction(on_three, wanted) is None
    assert correction(on_three | {"max_age": 1}, wanted) == on_three
    assert correction(wanted, configuration(SOCIAL, replicas=3)) == configuration(SOCIAL, replicas=3)


async def test_a_bucket_keeps_one_message_a_key(nats: Client) -> None:
    for number in range(3):
        await nats.request("$KV.known_tags.a", b"%d" % number)

    assert (await api(nats, f"STREAM.INFO.{KNOWN_TAGS.name}"))["state"]["messages"] == 1


@pytest.mark.parametrize(
    ("spec", "subject", "taken"),
    [
        (StreamSpec(name="ORDERS", subjects=("hashtill.orders.v1.>",)), "hashtill.orders.v1.order_held.0", True),
        (StreamSpec(name="ORDERS", subjects=("hashtill.orders.v1.>",)), "hashtill.orders.v10.order_held.0", False),
        (bucket("known_tags"), "$KV.known_tags.a", True),
    ],
)
def test_a_stream_knows_its_subjects(*, spec: StreamSpec, subject: str, taken: bool) -> None:
    assert spec.takes(subject) is taken


async def test_a_server_that_is_away_is_named_with_the_remedy() -> None:
    with pytest.raises(NotThereError, match=r"NATS did not answer .*HASHTILL_NATS_URL"):
        await connect(Secret("nats://127.0.0.1:1"), name="test", wait_seconds=0.3)


async def test_a_wrong_password_is_named(nats_url: str) -> None:
    wrong = nats_url.replace(nats_url.split("@", maxsplit=1)[0], "nats://hashtill:wrong")

    with pytest.raises(NotThereError, match="Authorization"):
        await connect(Secret(wrong), name="test", wait_seconds=0.7)
