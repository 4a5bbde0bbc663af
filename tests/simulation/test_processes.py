import asyncio

import pytest
from tests.simulation.chance import Fault
from tests.simulation.database import Database, SimTransactions
from tests.simulation.people import GOODS
from tests.simulation.stage import Life, Node, Stage
from tests.simulation.world import World

from chassis.memory import MemoryOutbox, MemoryTable, MemoryTransactions
from chassis.postgres import OutcomeUnknownError


class OneTable:
    """A process with one table, and what its lives do with it."""

    def __init__(self, stage: Stage) -> None:
        self.rows: MemoryTable[str, str] = MemoryTable()
        self.node = Node(stage, "service", self._start)
        inner = MemoryTransactions(lambda: self.rows, parts=[self.rows])
        self.database = Database(self.node, inner=inner, outbox=MemoryOutbox(), set_clock=lambda _at: None)
        self.transactions: SimTransactions | None = None

    def _start(self, life: Life) -> None:
        self.transactions = SimTransactions(life, self.database)

    def begin(self) -> SimTransactions:
        assert self.transactions is not None
        return self.transactions


@pytest.fixture
def stage() -> Stage:
    return Stage(1, storm=1.0)


@pytest.fixture
def service(stage: Stage) -> OneTable:
    service = OneTable(stage)
    service.node.boot()
    return service


def test_a_process_that_dies_inside_a_transaction_leaves_nothing_of_it(stage: Stage, service: OneTable) -> None:
    async def write_and_die() -> None:
        async with service.begin().begin() as rows:
            rows["key"] = "value"
            await asyncio.sleep(1)

    assert service.node.life is not None
    service.node.life.spawn(write_and_die())
    stage.loop.run_until(0.5)
    service.node.crash()
    stage.loop.run_until(20)

    assert service.rows == {}
    assert (service.node.lives, stage.bugs) == (2, [])


def test_the_dead_commit_nothing_even_if_they_swallow_their_end(stage: Stage, service: OneTable) -> None:
    async def live_on() -> None:
        transactions = service.begin()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            async with transactions.begin() as rows:
                rows["key"] = "from the grave"

    assert service.node.life is not None
    service.node.life.spawn(live_on())
    stage.loop.run_until(0.5)
    service.node.crash()
    stage.loop.run_until(20)

    assert service.rows == {}


@pytest.mark.parametrize(
    ("fault", "rows"), [(Fault.COMMIT_ANSWER_LOST, {"key": "value"}), (Fault.COMMIT_LOST, dict[str, str]())]
)
def test_a_lost_answer_to_a_commit_says_nothing_of_what_became_of_it(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, service: OneTable, fault: Fault, rows: dict[str, str]
) -> None:
    monkeypatch.setattr(type(stage.weather), "strikes", lambda _self, asked, _where: asked is fault)

    async def write() -> None:
        async with service.begin().begin() as table:
            table["key"] = "value"

    with pytest.raises(OutcomeUnknownError):
        stage.loop.run_until_complete(write())
    assert service.rows == rows


def test_fair_weather_harms_nobody(stage: Stage) -> None:
    struck = [stage.weather.strikes(fault, "here") for fault in (Fault.ANSWER_LOST, Fault.ACK_LOST) for _ in range(500)]
    stage.weather.fair = False
    foul = [stage.weather.strikes(Fault.ANSWER_LOST, "here") for _ in range(500)]

    assert (any(struck), any(foul)) == (False, True)


def test_the_world_is_up_when_it_is_set_up(stage: Stage) -> None:
    world = World(stage)
    world.set_up([])
    connected = set(world.x.connections)
    world.close()

    assert connected == {"filtered", "activity"}
    assert f"#{GOODS.lower()}" in {value for value, _ in world.x.rules.values()}
    assert (stage.bugs, stage.loop.failures) == ([], [])
