"""What offers tells: each fact once, with its version, and the tags others filter by."""

from datetime import timedelta

from services.offers.tests.offers_world import Clock, Shop, a_draft, asks

from chassis.outbox import KeyValueChange, OutboxMessage, id_of
from hashtill.offers.v1 import events_pb2, offer_pb2
from kernel.ids import OfferId
from offers.outbound.memory import MemoryOffersStore
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.forget_tags import forget_tags
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.publish_offer import publish_offer
from offers.usecases.settle_holds import release_holds
from offers.usecases.write_offer import update_offer

KINDLE = OfferId("kindle")


def told(memory: MemoryOffersStore) -> list[str]:
    return [type(event).__name__ for event in memory.outbox.events]


def tags(memory: MemoryOffersStore) -> list[KeyValueChange]:
    return [message for message in memory.outbox.messages if isinstance(message, KeyValueChange)]


async def test_a_draft_tells_nothing(memory_shop: Shop, memory: MemoryOffersStore, clock: Clock) -> None:
    await memory_shop.drafted()
    draft = a_draft(clock(), title="New")
    await update_offer(draft, paths=(), based_on=0, allow_missing=False, transactions=memory_shop.transactions)

    assert memory.outbox.messages == []


async def test_publishing_is_told_once_and_resuming_as_a_change(memory_shop: Shop, memory: MemoryOffersStore) -> None:
    await memory_shop.published()
    await publish_offer(KINDLE, transactions=memory_shop.transactions)
    await pause_offer(KINDLE, transactions=memory_shop.transactions)
    await publish_offer(KINDLE, transactions=memory_shop.transactions)
    await end_offer(KINDLE, transactions=memory_shop.transactions)

    assert told(memory) == ["OfferPublished", "OfferChanged", "OfferChanged", "OfferEnded"]
    published = memory.outbox.events[0]
    assert isinstance(published, events_pb2.OfferPublished)
    assert (published.offer.tag, published.offer.state) == ("BuyKindleFireHD", offer_pb2.OFFER_STATE_LIVE)
    versions = [message.version for message in memory.outbox.messages if isinstance(message, OutboxMessage)]
    assert versions == [2, 3, 4, 5]


async def test_a_tag_is_known_from_publishing_and_again_when_it_says_something_new(
    memory_shop: Shop, memory: MemoryOffersStore, clock: Clock
) -> None:
    offer = await memory_shop.published()
    await pause_offer(KINDLE, transactions=memory_shop.transactions)
    longer = a_draft(clock(), ends_at=offer.ends_at + timedelta(days=1))
    await update_offer(longer, paths=(), based_on=0, allow_missing=False, transactions=memory_shop.transactions)

    [first, second] = tags(memory)

    known = offer_pb2.KnownTag.FromString(second.value or b"")
    assert (first.bucket, first.key, first.version, second.version) == ("known_tags", "buykindlefirehd", 1, 2)
    assert known.known_until.ToDatetime(clock().tzinfo) == offer.ends_at + timedelta(days=31)


async def test_a_forgotten_tag_is_deleted_under_its_next_version(
    memory_shop: Shop, memory: MemoryOffersStore, clock: Clock
) -> None:
    offer = await memory_shop.published()
    clock.at = offer.ends_at + timedelta(days=30)
    await end_due_offers(transactions=memory_shop.transactions)
    await forget_tags(transactions=memory_shop.transactions)

    assert [(change.version, change.value is None) for change in tags(memory)] == [(1, False), (2, True)]


async def test_a_draft_ended_by_hand_leaves_its_tag_alone(memory_shop: Shop, memory: MemoryOffersStore) -> None:
    await memory_shop.drafted()

    await end_offer(KINDLE, transactions=memory_shop.transactions)

    assert told(memory) == ["OfferEnded"]
    assert tags(memory) == []


async def test_running_out_is_told_each_time_it_happens(
    memory_shop: Shop, memory: MemoryOffersStore, clock: Clock
) -> None:
    await memory_shop.published(stock_total=2)
    last = asks(at=clock())
    await hold_stock([asks(at=clock()), last], transactions=memory_shop.transactions)
    await release_holds([last.order_id], transactions=memory_shop.transactions)
    await hold_stock([asks(at=clock())], transactions=memory_shop.transactions)

    exhausted = [event for event in memory.outbox.events if isinstance(event, events_pb2.StockExhausted)]
    ids = {id_of(message) for message in memory.outbox.messages}
    assert [(event.held, event.committed) for event in exhausted] == [(2, 0), (2, 0)]
    assert len(ids) == len(memory.outbox.messages)
