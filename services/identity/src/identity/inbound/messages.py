"""Identity's domain words as protobuf messages, and the fields of requests as domain words."""

from chassis.timestamps import timestamp
from chassis.validation import read_text
from hashtill.identity.v1 import contact_pb2, link_pb2
from identity.domain.contact import Cardmember, OptOut
from identity.domain.link import Link, LinkStatus
from identity.usecases.ports import LinkAccount
from kernel.ids import Network, NetworkUserId

BROWSER_SESSION_LENGTH = 64
"""A SHA-256 as hexadecimal digits."""

_STATUSES = {
    LinkStatus.PENDING_AUTHORIZATION: link_pb2.LINK_STATUS_PENDING_AUTHORIZATION,
    LinkStatus.PENDING_CARD: link_pb2.LINK_STATUS_PENDING_CARD,
    LinkStatus.CARD_REFUSED: link_pb2.LINK_STATUS_CARD_REFUSED,
    LinkStatus.ACTIVE: link_pb2.LINK_STATUS_ACTIVE,
    LinkStatus.FROZEN: link_pb2.LINK_STATUS_FROZEN,
    LinkStatus.ENDED: link_pb2.LINK_STATUS_ENDED,
}

OPT_OUTS = {
    contact_pb2.OPT_OUT_RECEIPT_REPLIES: OptOut.RECEIPT_REPLIES,
    contact_pb2.OPT_OUT_OFFER_MAILS: OptOut.OFFER_MAILS,
}
_OPT_OUT_NUMBERS = {word: number for number, word in OPT_OUTS.items()}


def link_message(link: Link) -> link_pb2.Link:
    """Write a link; who browses and how they are reached stays inside."""
    return link_pb2.Link(
        link_id=str(link.link_id),
        cardmember_id=str(link.cardmember_id or ""),
        network=link.network,
        network_user_id=link.network_user_id or "",
        handle=link.handle,
        status=_STATUSES[link.status],
        refusal_reason=link.refusal_reason,
        card_token=link.card_token or "",
        card_last4=link.card_last4,
        ship_to_country=link.ship_to_country,
        ship_to_region=link.ship_to_region,
        language=link.contact.language,
        consented_at=timestamp(link.consented_at),
        terms_version=link.terms_version,
        linked_at=timestamp(link.linked_at) if link.linked_at else None,
        updated_at=timestamp(link.updated_at),
    )


def contact_message(cardmember: Cardmember) -> contact_pb2.Contact:
    """Write how to reach a cardmember."""
    return contact_pb2.Contact(
        cardmember_id=str(cardmember.cardmember_id),
        name=cardmember.contact.name,
        email=cardmember.contact.email,
        language=cardmember.contact.language,
        opt_outs=sorted(_OPT_OUT_NUMBERS[each] for each in cardmember.opt_outs),
    )


def read_link_key(key: link_pb2.LinkKey, field_path: str) -> LinkAccount:
    """Read which account is asked for."""
    network = read_text(key.network, f"{field_path}.network", characters_max=50)
    user_id = read_text(key.network_user_id, f"{field_path}.network_user_id", characters_max=50)
    return Network(network), NetworkUserId(user_id)


def read_browser_session(value: str, *, required: bool = True) -> str:
    """Read the hash of a session cookie."""
    return read_text(value, "browser_session", characters_max=BROWSER_SESSION_LENGTH, required=required)
