"""Publishing: many messages in one write, one by one or all or none, each answer in its place."""

from dataclasses import dataclass

import pytest
from nats.aio.client import Client

from chassis.atomic_batch import Publisher, Stored
from chassis.data_testing import messages_of
from chassis.jetstream import JetStreamError
from chassis.message_headers import FIRST_LINE

SUBJECT = "hashtill.orders.v1.test.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    subject: str
    headers: bytes
    body: bytes


def publications(*names: str, subject: str = SUBJECT) -> list[Publication]:
    return [
        Publication(
            subject=subject, headers=FIRST_LINE + f"Nats-Msg-Id: {name}\r\n".encode(), body=b"\x00\r\n" + name.encode()
        )
        for name in names
    ]


async def test_singles_are_answered_each_in_its_place(nats: Client) -> None:
    publisher = await Publisher(nats).start()

    first = await publisher.publish(publications("a", "b"))
    second = await publisher.publish(publications("b", "c"))

    assert first == [
        Stored(stream="ORDERS", sequence=1, duplicate=False),
        Stored(stream="ORDERS", sequence=2, duplicate=False),
    ]
    assert [(each.sequence, each.duplicate) for each in second if isinstance(each, Stored)] == [(2, True), (3, False)]


async def test_a_batch_is_stored_whole_with_its_bodies(nats: Client) -> None:
    publisher = await Publisher(nats).start()
    names = [f"m{number}" for number in range(500)]

    stored = await publisher.publish_batch(publications(*names))

    assert [each.sequence for each in stored] == list(range(1, 501))
    assert [message.data for message in await messages_of(nats, "ORDERS")] == [b"\x00\r\n" + n.encode() for n in names]


async def test_a_batch_with_a_known_message_is_refused_whole(nats: Client) -> None:
    publisher = await Publisher(nats).start()
    await publisher.publish(publications("b"))

    with pytest.raises(JetStreamError) as caught:
        await publisher.publish_batch(publications("a", "b", "c"))

    assert caught.value.error_code == 10_201
    assert len(await messages_of(nats, "ORDERS")) == 1


async def test_a_subject_without_a_stream_is_told_at_once(nats: Client) -> None:
    publisher = await Publisher(nats).start()

    [answer] = await publisher.publish(publications("a", subject="nobody.listens"))
    with pytest.raises(JetStreamError) as caught:
        await publisher.publish_batch(publications("a", "b", subject="nobody.listens"))

    assert isinstance(answer, JetStreamError)
    assert (answer.code, caught.value.code) == (503, 503)
