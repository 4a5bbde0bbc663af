"""The suite: what every service's builder is given, and what they all start alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from tests.simulation.broker import Broker
from tests.simulation.calls import SimStub, Switchboard
from tests.simulation.consuming import SimConsumer
from tests.simulation.database import Database, SimTransactions
from tests.simulation.relaying import SimRelay
from tests.simulation.stage import Life, Stage

from chassis.handling import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The stage with the broker and the lines between processes."""

    stage: Stage
    broker: Broker
    switchboard: Switchboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One life of a service: its transactions, and the ways to join what it reads and asks."""

    suite: Suite
    life: Life
    database: Database
    transactions: SimTransactions

    def stub(self, called: str) -> Any:
        """Give the stub of a peer."""
        return SimStub(self.suite.switchboard, called, caller=self.life)

    def consumer(
        self,
        stream: str,
        durable: str,
        subjects: Sequence[str],
        types: Sequence[type[Message]],
        handler: Handler,
    ) -> SimConsumer:
        """Make a consumer of this life."""
        return SimConsumer(
            self.life,
            self.suite.broker,
            self.database,
            stream=stream,
            durable=durable,
            subjects=subjects,
            types=types,
            handler=handler,
        )


def start(suite: Suite, life: Life, database: Database) -> Running:
    """Start what every service has: transactions and a relay."""
    relay = SimRelay(life, database, suite.broker, rebuild={})
    life.spawn(relay.follow(), "relay")
    return Running(suite=suite, life=life, database=database, transactions=SimTransactions(life, database))
