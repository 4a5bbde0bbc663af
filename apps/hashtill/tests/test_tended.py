"""A tended server: started again when it died or complains, and tried again when that fails."""

from dataclasses import dataclass, field

import pytest

from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.supervisor import tended
from hashtill_cli.supervisor.tended import Tended

FULL = EmbeddedServerError("The disk is full.")


@dataclass(slots=True)
class ToldServer:
    running: bool = True
    why: str = ""
    failures: list[Exception] = field(default_factory=list)
    starts: int = 0

    def complaint(self) -> str:
        return self.why

    def restart(self) -> None:
        self.starts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.running, self.why = True, ""


def said_by(server: ToldServer, *, looks: int) -> list[str]:
    said: list[str] = []
    one = Tended("nats", server, tell=said.append)
    for _ in range(looks):
        one.tend()
    return said


def test_what_died_is_started_again() -> None:
    server = ToldServer(running=False)

    assert said_by(server, looks=2) == ["nats died; starting it again"]
    assert server.starts == 1


def test_what_lives_and_does_not_work_is_started_again() -> None:
    server = ToldServer(why="has switched JetStream off")

    assert said_by(server, looks=2) == ["nats has switched JetStream off; starting it again"]
    assert server.starts == 1


def test_a_start_that_fails_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ToldServer(running=False, failures=[FULL])
    at_once = said_by(server, looks=2)
    monkeypatch.setattr(tended, "AGAIN_SECONDS", 0.0)
    server.failures = [FULL]

    later = said_by(server, looks=2)

    assert len(at_once) == 2
    assert at_once[1] == "nats did not start, and is tried again soon. The disk is full."
    assert len(later) == 3
    assert server.running
