"""Rows to domain words and back: links and cardmembers."""

from typing import Any

from asyncpg import Record

from identity.domain.contact import Cardmember, ContactDetails, OptOut
from identity.domain.link import Link, LinkStatus
from kernel.ids import CardmemberId, CardToken, LinkId, Network, NetworkUserId

LINK_COLUMNS = (
    "link_id, network, browser_session, name, email, language, terms_version, consented_at, updated_at, status,"
    " version, cardmember_id, network_user_id, handle, refusal_reason, card_token, card_last4, ship_to_country,"
    " ship_to_region, linked_at"
)

LINK_TYPES = (
    "uuid", "text", "text", "text", "text", "text", "text", "timestamptz", "timestamptz", "text", "bigint",
    "uuid", "text", "text", "text", "text", "text", "text", "text", "timestamptz",
)  # fmt: skip

LINK_CHANGES = (
    "status", "cardmember_id", "network_user_id", "handle", "refusal_reason", "card_token", "card_last4",
    "ship_to_country", "ship_to_region", "linked_at", "updated_at", "version",
)  # fmt: skip
"""What a link's life may change; who asked for it and what they agreed to stays as it was."""


def row_of_link(link: Link) -> tuple[Any, ...]:
    """Write a link as a row, in the order of LINK_COLUMNS."""
    return (
        link.link_id,
        link.network,
        link.browser_session,
        link.contact.name,
        link.contact.email,
        link.contact.language,
        link.terms_version,
        link.consented_at,
        link.updated_at,
        link.status.value,
        link.version,
        link.cardmember_id,
        link.network_user_id,
        link.handle,
        link.refusal_reason,
        link.card_token,
        link.card_last4,
        link.ship_to_country,
        link.ship_to_region,
        link.linked_at,
    )


def link_of_row(row: Record) -> Link:
    """Read a link from a row."""
    return Link(
        link_id=LinkId(row["link_id"]),
        network=Network(row["network"]),
        browser_session=row["browser_session"],
        contact=_contact_of_row(row),
        terms_version=row["terms_version"],
        consented_at=row["consented_at"],
        updated_at=row["updated_at"],
        status=LinkStatus(row["status"]),
        version=row["version"],
        cardmember_id=_cardmember_id(row["cardmember_id"]),
        network_user_id=None if row["network_user_id"] is None else NetworkUserId(row["network_user_id"]),
        handle=row["handle"],
        refusal_reason=row["refusal_reason"],
        card_token=None if row["card_token"] is None else CardToken(row["card_token"]),
        card_last4=row["card_last4"],
        ship_to_country=row["ship_to_country"],
        ship_to_region=row["ship_to_region"],
        linked_at=row["linked_at"],
    )


def cardmember_of_row(row: Record) -> Cardmember:
    """Read a cardmember from a row."""
    return Cardmember(
        cardmember_id=CardmemberId(row["cardmember_id"]),
        account_reference=row["account_reference"],
        contact=_contact_of_row(row),
        opt_outs=frozenset(OptOut(each) for each in row["opt_outs"]),
    )


def _contact_of_row(row: Record) -> ContactDetails:
    return ContactDetails(name=row["name"], email=row["email"], language=row["language"])


def _cardmember_id(value: Any) -> CardmemberId | None:
    return None if value is None else CardmemberId(value)
