"""Identity's facts as protobuf events."""

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.outbox import OutboxMessage
from hashtill.identity.v1 import events_pb2
from identity.domain.events import LinkFact, LinkFactKind


def message_of(fact: LinkFact) -> OutboxMessage:
    """Write a fact as the event that tells it; the aggregate is the link."""
    return OutboxMessage(aggregate=str(fact.link.link_id), version=fact.link.version, event=_event_of(fact), at=fact.at)


def _event_of(
    fact: LinkFact,
) -> events_pb2.LinkActivated | events_pb2.LinkFrozen | events_pb2.LinkEnded:
    link, at = fact.link, Timestamp()
    at.FromDatetime(fact.at)
    cardmember_id = str(link.cardmember_id or "")
    who = {
        "link_id": str(link.link_id),
        "cardmember_id": cardmember_id,
        "network": link.network,
        "network_user_id": link.network_user_id or "",
    }
    match fact.kind:
        case LinkFactKind.ACTIVATED:
            return events_pb2.LinkActivated(**who, activated_at=at)
        case LinkFactKind.FROZEN:
            return events_pb2.LinkFrozen(**who, reason=link.refusal_reason, frozen_at=at)
        case LinkFactKind.ENDED:
            return events_pb2.LinkEnded(**who, reason=link.refusal_reason, ended_at=at)
