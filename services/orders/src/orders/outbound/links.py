"""Links: identity asked who is linked, many accounts at once."""

from collections.abc import Sequence

import grpc
from grpc import aio

from chassis.refusal_status import refusal_from_status
from hashtill.identity.v1 import identity_service_pb2, identity_service_pb2_grpc, link_pb2
from orders.domain.purchasing import NOT_LINKED, Link
from orders.outbound.peer_words import link_of
from orders.usecases.ports import Account

KEYS_MAX = 200
"""Accounts one call takes."""

CALL_SECONDS = 3.0

_AWAY = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


class GrpcLinks:
    """Identity, asked for links."""

    def __init__(self, stub: "identity_service_pb2_grpc.IdentityServiceAsyncStub") -> None:
        self._stub = stub

    async def of_accounts(self, accounts: Sequence[Account]) -> dict[Account, Link]:
        """Read links; raises ConnectionError when identity is away, which consumers wait out."""
        links: dict[Account, Link] = {}
        distinct = list(dict.fromkeys(accounts))
        for start in range(0, len(distinct), KEYS_MAX):
            links |= await self._some(distinct[start : start + KEYS_MAX])
        return links

    async def _some(self, accounts: Sequence[Account]) -> dict[Account, Link]:
        keys = [link_pb2.LinkKey(network=network, network_user_id=author_id) for network, author_id in accounts]
        request = identity_service_pb2.BatchGetLinksRequest(keys=keys)
        try:
            answer = await self._stub.BatchGetLinks(request, timeout=CALL_SECONDS)
        except aio.AioRpcError as error:
            if error.code() in _AWAY:
                raise ConnectionError(f"identity did not answer: {error.code().name}") from error
            raise
        return {account: _link(result) for account, result in zip(accounts, answer.results, strict=True)}


def _link(result: identity_service_pb2.LinkResult) -> Link:
    """Read one result; a "no" that is not NOT_LINKED is a bug of ours, and nobody is told that they are not linked."""
    if result.WhichOneof("result") == "link":
        return link_of(result.link)
    refusal = refusal_from_status(result.status)
    if refusal is None or refusal.reason != "NOT_LINKED":
        raise ValueError(f"identity could not read a link: {refusal}")
    return NOT_LINKED
