"""Consumers: who reads which stream, found by running the very functions with which each service joins its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import gateway.main
import identity.main
import notifier.main
import orders.main
from chassis.consumers import BatchConsumer, Reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One durable of one service, and what it reads."""

    service: str
    reads: Reads

    def takes(self, subject: str, event_type: str) -> bool:
        """Tell whether an event on this subject reaches its handler: subscribed, and of a type it knows."""
        wanted = any(matches(pattern, subject) for pattern in self.reads.subjects)
        return wanted and event_type in self.reads.types


class Nothing:
    """Stands where a service would have its database, NATS or peers; a set-up only hands it on."""

    def __getattr__(self, _name: str) -> "Nothing":
        return Nothing()


class Workers:
    """Stands where a service has its lifecycle; keeps the consumers whose loops are added."""

    def __init__(self) -> None:
        self.consumers: list[BatchConsumer] = []

    def add_worker(self, _name: str, loop: Callable[..., Awaitable[None]]) -> None:
        """Keep the loop's consumer, where it is one's."""
        owner = getattr(loop, "__self__", None)
        if isinstance(owner, BatchConsumer):
            self.consumers.append(owner)


def _of_gateway(workers: Any, nothing: Any) -> Sequence[BatchConsumer]:
    gateway.main._follow_links(nothing, nothing, workers, reading=nothing, transactions=nothing)  # noqa: SLF001 - see module
    gateway.main._follow_prompts(nothing, nothing, workers, transactions=nothing)  # noqa: SLF001 - see module
    return ()


def _of_identity(workers: Any, nothing: Any) -> Sequence[BatchConsumer]:
    identity.main._follow_events(workers, nothing, nothing, nothing)  # noqa: SLF001 - see module
    return ()


def _of_notifier(_workers: Any, nothing: Any) -> Sequence[BatchConsumer]:
    joined = notifier.main._consumers(nothing, nothing, nothing, posts=nothing, mails=nothing)  # noqa: SLF001 - see module
    return tuple(joined.values())


def _of_orders(_workers: Any, nothing: Any) -> Sequence[BatchConsumer]:
    set_aside: Any = Workers()
    feed = orders.main._Feed(nothing, nothing, set_aside)  # noqa: SLF001 - see module
    return tuple(orders.main._consume(feed, nothing, nothing).values())  # noqa: SLF001 - see module


SET_UPS: Mapping[str, Callable[[Any, Any], Sequence[BatchConsumer]]] = MappingProxyType(
    {"gateway": _of_gateway, "identity": _of_identity, "notifier": _of_notifier, "orders": _of_orders}
)
"""Offers and payments follow nobody's events; a contract test finds every service that does."""


def consumers() -> tuple[Consumer, ...]:
    """Give every durable of the suite, by service and name."""
    return tuple(asyncio.run(_set_up()))


async def _set_up() -> list[Consumer]:
    return [each for service in SET_UPS for each in sorted(_of(service), key=lambda each: each.reads.durable)]


def _of(service: str) -> Iterator[Consumer]:
    workers = Workers()
    joined = SET_UPS[service](workers, Nothing())
    yield from (Consumer(service=service, reads=each.reads) for each in (*joined, *workers.consumers))


def matches(pattern: str, subject: str) -> bool:
    """Tell whether a subject meets a NATS pattern; a `<placeholder>` in the subject is a token like any other."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        return len(given) >= len(wanted) and _meet(wanted[:-1], given)
    return len(given) == len(wanted) and _meet(wanted, given)


def _meet(wanted: Sequence[str], given: Sequence[str]) -> bool:
    return all(want in {"*", each} for want, each in zip(wanted, given, strict=False))
