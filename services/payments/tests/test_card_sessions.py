"""A card session: one browser, one card, 15 minutes; the same on memory and on PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from services.payments.tests.payments_world import (
    ADDRESS,
    BROWSER,
    ENTRY,
    NOW,
    NUMBER,
    OTHER_BROWSER,
    ToldProcessor,
    World,
    reason_of,
)

from kernel.ids import CardToken
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret
from payments.domain.card import KnownCard, TokenizedCard
from payments.domain.card_entry import CardEntry
from payments.domain.card_session import ENTRIES_MAX, KEPT_FOR, LIFETIME, CardSession, way_back
from payments.outbound.memory import MemoryStore
from payments.outbound.vault import HmacFingerprints
from payments.usecases.enter_card import CardDesk, Visit, enter_card, open_card_page
from payments.usecases.forget_sessions import forget_sessions
from payments.usecases.ports import Transactions
from payments.usecases.read_cards import batch_get_billing_addresses, describe_card, describe_entered_card
from payments.usecases.start_card_session import origin_of, start_card_session

PAGES = "https://sync.example"
REFUSED = Refusal(kind=RefusalKind.INVALID, reason="CARD_REFUSED", message="no", facts={"field": "cvv"})


@dataclass(slots=True)
class Counter:
    """One browser at the card page."""

    transactions: Transactions
    processor: ToldProcessor = field(default_factory=ToldProcessor)

    @property
    def desk(self) -> CardDesk:
        fingerprints = HmacFingerprints(Secret(b"k" * 32))
        return CardDesk(transactions=self.transactions, processor=self.processor, fingerprints=fingerprints)

    async def start(self, return_url: str = f"{PAGES}/link?step=3") -> CardSession | Refusal:
        return await start_card_session(
            browser_session=BROWSER, return_url=return_url, return_origins=[PAGES], transactions=self.transactions
        )

    async def started(self) -> CardSession:
        session = await self.start()
        assert isinstance(session, CardSession)
        return session

    async def enter(self, session: CardSession) -> CardSession | Refusal:
        return await enter_card(session, ENTRY, desk=self.desk)

    async def open(self, session: CardSession, *, browser: str = BROWSER) -> object:
        return await open_card_page(visit(session, browser=browser), transactions=self.transactions)

    async def describe(self, session: CardSession, *, browser: str = BROWSER) -> KnownCard | Refusal:
        return await describe_entered_card(visit(session, browser=browser), transactions=self.transactions)


@pytest.fixture
def counter(world: World) -> Counter:
    return Counter(world.transactions)


def visit(session: CardSession, *, browser: str = BROWSER) -> Visit:
    return Visit(card_session_id=session.card_session_id, browser_session=browser)


async def test_a_card_is_entered_once_and_described_to_its_browser(counter: Counter) -> None:
    session = await counter.started()

    entered = await counter.enter(session)
    card = await counter.describe(session)

    assert isinstance(entered, CardSession)
    assert isinstance(card, KnownCard)
    assert card.card_token == entered.card_token
    assert (card.facts.last4, card.billing_region) == ("0005", "NY")
    assert reason_of(await counter.describe(session, browser=OTHER_BROWSER)) == "SESSION_MISMATCH"
    assert reason_of(await counter.open(session)) == "CARD_SESSION_USED"
    assert reason_of(await counter.enter(session)) == "CARD_SESSION_USED"


async def test_a_card_token_names_nothing_and_opens_the_address(counter: Counter) -> None:
    entered = await counter.enter(await counter.started())
    assert isinstance(entered, CardSession)
    assert entered.card_token is not None

    addresses = await batch_get_billing_addresses(
        [entered.card_token, CardToken("tok_none")], transactions=counter.transactions
    )
    card = await describe_card(entered.card_token, transactions=counter.transactions)

    assert len(entered.card_token) == len("tok_") + 32
    assert addresses[0] == ADDRESS
    assert reason_of(addresses[1]) == "CARD_NOT_FOUND"
    assert isinstance(card, KnownCard)
    assert reason_of(await describe_card(CardToken("t"), transactions=counter.transactions)) == "CARD_NOT_FOUND"


async def test_only_its_own_browser_opens_the_page(counter: Counter) -> None:
    session = await counter.started()

    assert reason_of(await counter.open(session, browser=OTHER_BROWSER)) == "SESSION_MISMATCH"
    assert reason_of(await counter.open(replace(session, card_session_id="cs_none"))) == "CARD_SESSION_NOT_FOUND"
    assert isinstance(await counter.open(session), tuple)


async def test_an_empty_or_unknown_session_describes_no_card(counter: Counter) -> None:
    session = await counter.started()

    assert reason_of(await counter.describe(session)) == "CARD_SESSION_EMPTY"
    assert reason_of(await counter.describe(replace(session, card_session_id="n"))) == "CARD_SESSION_NOT_FOUND"


async def test_a_refused_card_leaves_the_session_open_for_a_few_tries(counter: Counter) -> None:
    session = await counter.started()
    counter.processor.refusal = REFUSED

    tries = [await counter.enter(session) for _ in range(ENTRIES_MAX)]
    counter.processor.refusal = None

    assert {reason_of(each) for each in tries} == {"CARD_REFUSED"}
    assert reason_of(await counter.enter(session)) == "CARD_SESSION_TRIED_TOO_OFTEN"


async def test_the_last_try_counts(counter: Counter) -> None:
    session = await counter.started()
    counter.processor.refusal = REFUSED
    for _ in range(ENTRIES_MAX - 1):
        await counter.enter(session)
    counter.processor.refusal = None

    assert isinstance(await counter.enter(session), CardSession)


async def test_of_parallel_entries_one_wins(counter: Counter) -> None:
    session = await counter.started()

    entered = await asyncio.gather(*(counter.enter(session) for _ in range(4)))

    assert sum(isinstance(each, CardSession) for each in entered) == 1


async def test_a_way_back_elsewhere_is_refused(counter: Counter) -> None:
    assert reason_of(await counter.start("https://evil.example/")) == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://sync.example/a?b=c", "https://sync.example"),
        ("http://pages.example:8080/x", "http://pages.example:8080"),
        ("https://SYNC.example/", "https://sync.example"),
        ("https://sync.example@evil.example/", ""),
        ("https://sync.example\\@evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("//sync.example/", ""),
        ("https://sync.example:port/", ""),
        ("https://[::1/", ""),
        ("https://sync.example/\r\nSet-Cookie: a=b", ""),
        ("", ""),
    ],
)
def test_an_origin_is_read_strictly(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_way_back_carries_the_session_in_its_query() -> None:
    session = CardSession(
        card_session_id="cs_1",
        browser_session=BROWSER,
        return_url="https://sync.example/link?a=1&b=#top",
        form_token="t",
        expires_at=NOW,
    )

    assert way_back(session) == "https://sync.example/link?a=1&b=&card_session=cs_1#top"
    assert BROWSER not in repr(session)


async def test_after_fifteen_minutes_it_is_over_and_a_day_later_forgotten(memory: MemoryStore) -> None:
    counter = Counter(memory.transactions())
    session = await counter.started()

    memory.at = NOW + LIFETIME
    late = [await counter.open(session), await counter.enter(session), await counter.describe(session)]
    memory.at = NOW + LIFETIME + KEPT_FOR + timedelta(seconds=1)
    await forget_sessions(transactions=counter.transactions)

    assert [reason_of(each) for each in late] == ["CARD_SESSION_EXPIRED"] * 3
    assert reason_of(await counter.describe(session)) == "CARD_SESSION_NOT_FOUND"


async def test_young_sessions_are_not_forgotten(counter: Counter) -> None:
    session = await counter.started()

    assert await forget_sessions(transactions=counter.transactions) is False
    assert isinstance(await counter.open(session), tuple)


async def test_a_session_that_is_gone_is_not_found(counter: Counter) -> None:
    session = await counter.started()

    assert reason_of(await counter.enter(replace(session, card_session_id="cs_none"))) == "CARD_SESSION_NOT_FOUND"


async def test_a_session_forgotten_while_the_processor_answers_keeps_no_card(memory: MemoryStore) -> None:
    async def forget() -> None:
        memory.sessions.clear()

    counter = Counter(memory.transactions(), SlowProcessor(forget))

    assert reason_of(await counter.enter(await counter.started())) == "CARD_SESSION_NOT_FOUND"
    assert not memory.cards


async def test_a_session_used_while_the_processor_answers_keeps_the_first_card(counter: Counter) -> None:
    session = await counter.started()
    first: list[CardSession | Refusal] = []

    async def enter_another() -> None:
        first.append(await counter.enter(session))

    slow = Counter(counter.transactions, SlowProcessor(enter_another))
    second = await slow.enter(session)

    assert reason_of(second) == "CARD_SESSION_USED"
    assert [isinstance(each, CardSession) for each in first] == [True]
    assert isinstance(await counter.describe(session), KnownCard)


class SlowProcessor(ToldProcessor):
    """A processor so slow that something happens before it answers."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def tokenize(self, entry: CardEntry, *, key: str) -> TokenizedCard | Refusal:
        await self._meanwhile()
        return await ToldProcessor.tokenize(self, entry, key=key)


def test_fingerprints_are_equal_for_equal_numbers_under_one_key() -> None:
    ours, others = HmacFingerprints(Secret(b"k" * 32)), HmacFingerprints(Secret(b"o" * 32))

    assert ours.of(NUMBER) == ours.of(NUMBER)
    assert ours.of(NUMBER) not in {ours.of("371449635398431"), others.of(NUMBER)}
