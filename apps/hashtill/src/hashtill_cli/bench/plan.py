"""The plan of one measurement: what the supervising process tells the generator, as one JSON document."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is asked for: `rate` purchases begun a second (open loop), 0 keeps `in_flight` going (closed loop)."""

    seconds: float
    warm_seconds: float
    members: int
    in_flight: int
    rate: float
    core: bool
    checker: bool = False
    """Whether the checker follows the run, to see what it costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A load, and where everything answers; `pids` are the processes by name, to be charged for their CPU."""

    load: Load
    targets: Mapping[str, str]
    x_url: str
    x_app: tuple[str, str]
    mail_url: str
    nats_url: str
    pages_url: str
    pids: Mapping[str, int]

    def to_json(self) -> str:
        """Write it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read it."""
        written = json.loads(text)
        return cls(**{**written, "load": Load(**written["load"]), "x_app": tuple(written["x_app"])})
