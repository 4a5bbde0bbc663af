import pytest
from tests.simulation.broker import Broker
from tests.simulation.stage import Stage

from chassis.consumers import ACK_WAIT_SECONDS, DELIVERIES_MAX
from chassis.jetstream import DUPLICATE_WINDOW_SECONDS
from chassis.message_headers import put_headers


@pytest.fixture
def stage() -> Stage:
    return Stage(1, storm=0.0)


@pytest.fixture
def broker(stage: Stage) -> Broker:
    return Broker(stage)


def store(broker: Broker, name: str) -> tuple[int, bool]:
    return broker.store("ORDERS", "hashtill.orders.v1.order_held.0", put_headers(name), b"")


def test_a_known_id_is_not_stored_again_within_the_window(broker: Broker, stage: Stage) -> None:
    first = store(broker, "one")
    again = store(broker, "one")
    stage.loop.run_until(DUPLICATE_WINDOW_SECONDS + 1)
    later = store(broker, "one")

    assert (first, again, later) == ((1, False), (1, True), (2, False))


def test_what_is_not_acknowledged_comes_again_and_is_given_up_in_the_end(broker: Broker, stage: Stage) -> None:
    durable = broker.durable("reader", stream="ORDERS", subjects=["hashtill.orders.v1.>"])
    store(broker, "one")

    deliveries = []
    for _ in range(DELIVERIES_MAX + 1):
        deliveries += [count for _, count in durable.take()]
        stage.loop.run_until(stage.loop.time() + ACK_WAIT_SECONDS)

    assert deliveries == list(range(1, DELIVERIES_MAX + 1))
    assert [each.message_id for each in durable.given_up] == ["one"]


def test_a_lost_tail_lets_places_be_given_twice_and_readers_go_back(broker: Broker) -> None:
    durable = broker.durable("reader", stream="ORDERS", subjects=["hashtill.orders.v1.>"])
    for name in ("one", "two", "three"):
        store(broker, name)
    for message, _ in durable.take():
        durable.settle(message.sequence)

    lost = broker.lose_tail("ORDERS", 2)
    place, _ = store(broker, "four")

    assert (lost, place) == (2, 2)
    assert [message.message_id for message, _ in durable.take()] == ["four"]


def test_a_subject_that_nobody_asked_for_is_passed_over(broker: Broker) -> None:
    durable = broker.durable("reader", stream="ORDERS", subjects=["hashtill.orders.v1.order_shipped.*"])
    store(broker, "one")

    assert durable.take() == []
    assert durable.waiting() == 0
