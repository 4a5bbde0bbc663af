"""A cardmember starts a link: keep contact and consent, and say where the browser goes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from identity.domain.authorization import STATE_LIFETIME, Authorization, OAuthApp, authorize_url
from identity.domain.contact import ContactDetails, refuse_contact
from identity.domain.link import Link
from identity.usecases.ports import Transactions
from kernel.ids import LinkId, Network
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret

_RANDOM_BYTES = 32
"""256 bits for state and verifier; RFC 7636 asks for at least that in a verifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWish:
    """What the cardmember asked for, as it came."""

    network: Network
    browser_session: str
    contact: ContactDetails
    terms_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedLink:
    """Where the browser goes, and until when it is expected back."""

    link_id: LinkId
    authorize_url: str
    expires_at: datetime


async def start_link(
    wish: LinkWish, *, transactions: Transactions, apps: Mapping[Network, OAuthApp]
) -> StartedLink | Refusal:
    """Start a link; refuses bad contact details and networks not served."""
    app = apps.get(wish.network)
    if app is None:
        return Refusal(
            kind=RefusalKind.PRECONDITION,
            reason="NETWORK_NOT_SERVED",
            message=f"Accounts on {wish.network!r} cannot be linked here; served: {', '.join(sorted(apps))}.",
        )
    if (refusal := refuse_contact(wish.contact)) is not None:
        return refusal
    async with transactions.begin() as unit:
        link = _new_link(wish, at=unit.at)
        authorization = _new_authorization(link, at=unit.at)
        await unit.links.add(link)
        await unit.authorizations.add(authorization)
    return StartedLink(
        link_id=link.link_id,
        authorize_url=authorize_url(authorization, app=app),
        expires_at=authorization.expires_at,
    )


def _new_link(wish: LinkWish, *, at: datetime) -> Link:
    return Link(
        link_id=LinkId(uuid4()),
        network=wish.network,
        browser_session=wish.browser_session,
        contact=wish.contact,
        terms_version=wish.terms_version,
        consented_at=at,
        updated_at=at,
    )


def _new_authorization(link: Link, *, at: datetime) -> Authorization:
    return Authorization(
        state=Secret(secrets.token_urlsafe(_RANDOM_BYTES)),
        verifier=Secret(secrets.token_urlsafe(_RANDOM_BYTES)),
        link_id=link.link_id,
        browser_session=link.browser_session,
        expires_at=at + STATE_LIFETIME,
    )
