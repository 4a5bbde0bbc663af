"""Links: identity asked who is linked, many accounts at once."""

from collections.abc import Sequence

import grpc
from grpc import aio

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
        return {
            account: link_of(result.link) if result.WhichOneof("result") == "link" else NOT_LINKED
            for account, result in zip(accounts, answer.results, strict=True)
        }
