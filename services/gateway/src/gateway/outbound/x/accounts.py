"""Accounts at X: the numeric id behind a handle."""

from dataclasses import dataclass

from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.shapes import id_at, object_at
from gateway.outbound.x.api import XApi
from gateway.usecases.network import NetworkFailedError
from kernel.ids import NetworkUserId


@dataclass(frozen=True, slots=True, kw_only=True)
class XAccounts:
    """Looks accounts up."""

    api: XApi

    async def user_id_of(self, handle: str) -> NetworkUserId:
        """Give the numeric id behind a handle; raises NetworkFailedError when X knows nobody of that name."""
        answer = await self.api.call("GET", f"/2/users/by/username/{handle}")
        user_id = id_at(object_at(answer, "data"), "id")
        if not user_id:
            raise NetworkFailedError(Failure(kind=FailureKind.HTTP, detail=f"X knows no @{handle}"))
        return NetworkUserId(user_id)
