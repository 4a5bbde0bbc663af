"""What the supervisor runs: one record a process, so that a suite is a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Ready(StrEnum):
    """How a process shows that it can do its work."""

    HEALTH = "health"
    """gRPC health answers SERVING for `readiness`."""

    LISTENING = "listening"
    """It accepts connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A process: what `python -m module` would run, with these variables, forked after `preload` is imported."""

    name: str
    module: str
    preload: tuple[str, ...]
    environ: Mapping[str, str]
    ready: Ready
    ready_port: int
    addresses: Mapping[str, str]
    """What it answers on, by what for: grpc, health, pages …"""
