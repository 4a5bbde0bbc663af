"""The browser comes back from the network: take the state, redeem the code, and wait for a card."""

from collections.abc import Mapping
from dataclasses import dataclass

from identity.domain.authorization import Authorization, refuse_return
from identity.domain.link import Link, authorize
from identity.usecases.ports import Grant, SocialNetwork, Transactions
from kernel.failpoints import FailPoint, failpoint
from kernel.ids import Network
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What came back with the browser."""

    state: str
    code: Secret[str]
    browser_session: str


async def complete_link(
    came_back: Return, *, transactions: Transactions, networks: Mapping[Network, SocialNetwork]
) -> Link | Refusal:
    """Finish the network's half; the state is spent whatever comes of it, so a code is redeemed at most once."""
    taken = await take_authorization(came_back, transactions=transactions)
    if isinstance(taken, Refusal):
        return taken
    authorization, link = taken
    grant = await networks[link.network].redeem(code=came_back.code, verifier=authorization.verifier)
    failpoint(FailPoint.IDENTITY_GRANT_ANSWERED)
    if isinstance(grant, Refusal):
        return grant
    return await apply_grant(link, grant, transactions=transactions)


async def take_authorization(came_back: Return, *, transactions: Transactions) -> tuple[Authorization, Link] | Refusal:
    """Lease: spend the state in a transaction of its own, before anything crosses the network."""
    async with transactions.begin() as unit:
        authorization = await unit.authorizations.take(came_back.state)
        refusal = refuse_return(authorization, browser_session=came_back.browser_session, at=unit.at)
        if authorization is None or refusal is not None:
            return refusal or _gone()
        links = await unit.links.by_ids([authorization.link_id])
    return authorization, links[authorization.link_id]


async def apply_grant(link: Link, grant: Grant, *, transactions: Transactions) -> Link | Refusal:
    """Apply: the link learns its account, and the token that withdraws our access is kept."""
    async with transactions.begin() as unit:
        decided = authorize(link, grant.account, at=unit.at)
        if isinstance(decided, Refusal):
            return decided
        if not await unit.links.save([decided]):
            return _gone()
        await unit.grants.keep(link.link_id, grant.token)
    return decided


def _gone() -> Refusal:
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        reason="LINK_STATE_UNKNOWN",
        message="This link is not under way, or was finished already; start a new one.",
    )
