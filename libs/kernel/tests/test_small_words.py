"""Ids derive from their cause, shards are stable, snowflakes tell time, secrets stay silent, refusals name fields."""

import pickle
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import PostId, X, message_id_of, order_id_of
from kernel.refusals import Refusal, RefusalKind, RefusedError, invalid
from kernel.secret import Secret
from kernel.shards import SOCIAL_SHARDS, shard_of
from kernel.snowflakes import first_snowflake_at, time_of_snowflake


def test_the_same_cause_is_the_same_order_and_message() -> None:
    assert order_id_of(network=X, post_id=PostId("1")) == order_id_of(network=X, post_id=PostId("1"))
    assert order_id_of(network=X, post_id=PostId("1")) != order_id_of(network=X, post_id=PostId("2"))
    assert message_id_of(aggregate="a", version=1, event="E") != message_id_of(aggregate="a", version=2, event="E")


@given(st.text(), st.integers(min_value=1), st.text())
def test_a_messages_id_is_the_uuid5_of_its_cause(aggregate: str, version: int, event: str) -> None:
    of_messages = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be002")

    written = message_id_of(aggregate=aggregate, version=version, event=event)

    assert written == str(uuid.uuid5(of_messages, f"{aggregate}:{version}:{event}"))


def test_shards_are_the_same_on_every_machine() -> None:
    assert [shard_of(str(key)) for key in range(8)] == [shard_of(str(key), shards=SOCIAL_SHARDS) for key in range(8)]
    assert {shard_of(str(key)) for key in range(100)} == set(range(SOCIAL_SHARDS))


def test_a_known_post_tells_its_time() -> None:
    assert time_of_snowflake(1_212_092_628_029_698_048) == datetime(2019, 12, 31, 19, 26, 16, 771_000, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(2012, 1, 1), max_value=datetime(2079, 1, 1)))  # noqa: DTZ001 - Hypothesis wants naive bounds
def test_the_first_id_of_a_moment_tells_that_moment(naive: datetime) -> None:
    at = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)

    assert time_of_snowflake(first_snowflake_at(at)) == at


def test_a_secret_shows_nothing_by_accident() -> None:
    secret = Secret("4111")

    assert "4111" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "4111"
    assert secret == Secret("4111")
    assert hash(secret) == hash(Secret("other"))
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_refusal_says_its_reason_when_it_is_raised() -> None:
    refusal = Refusal(kind=RefusalKind.NOT_FOUND, reason="ORDER_NOT_FOUND", message="There is no such order.")

    assert str(RefusedError(refusal)) == "ORDER_NOT_FOUND: There is no such order."
    assert invalid(field_path="price", message="is negative").facts == {"field": "price"}
