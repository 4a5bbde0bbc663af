"""Announcing: what is told to the other services, as messages of the SOCIAL stream."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import assert_never

from chassis.outbox import OutboxMessage
from chassis.telemetry import current_traceparent, parented_by, span
from chassis.timestamps import timestamp
from gateway.domain import post as domain
from gateway.usecases.ports import Telling, WatermarkReached
from hashtill.social.v1.social_post_pb2 import AccountRevoked, PostKind, SocialPost, Watermark
from kernel.ids import Network, NetworkUserId
from kernel.shards import SOCIAL_SHARDS, shard_of

SOURCE = "/hashtill/gateway"

_KINDS = {
    domain.PostKind.POST: PostKind.POST_KIND_POST,
    domain.PostKind.REPLY: PostKind.POST_KIND_REPLY,
    domain.PostKind.QUOTE: PostKind.POST_KIND_QUOTE,
    domain.PostKind.REPOST: PostKind.POST_KIND_REPOST,
    domain.PostKind.DELETE: PostKind.POST_KIND_DELETE,
}


def messages_of(tellings: Sequence[Telling], *, network: Network, read_at: datetime) -> Iterator[OutboxMessage]:
    """Write each telling as the messages it is; a watermark is one for every shard."""
    for telling in tellings:
        match telling:
            case domain.Post():
                yield _post_message(telling, read_at=read_at)
            case domain.Revocation():
                yield _revocation_message(telling)
            case WatermarkReached():
                yield from _watermark_messages(telling.at, network=network)
            case _:
                assert_never(telling)


def _post_message(post: domain.Post, *, read_at: datetime) -> OutboxMessage:
    """Begin a trace of its own with every kept post: what follows from it is one story."""
    with parented_by(None), span("gateway.keep_post", network=post.network, post_id=post.version_id):
        return OutboxMessage(
            aggregate=f"{post.network}:{post.post_id}",
            version=int(post.version_id) + (post.kind is domain.PostKind.DELETE),
            event=_social_post(post, read_at=read_at),
            at=post.posted_at,
            subject=_subject(post.network, post.author_id),
            source=SOURCE,
            message_id=post.message_id,
            traceparent=current_traceparent(),
        )


def _social_post(post: domain.Post, *, read_at: datetime) -> SocialPost:
    return SocialPost(
        network=post.network,
        post_id=post.post_id,
        version_id=post.version_id,
        author_id=post.author_id,
        author_handle=post.author_handle,
        author_protected=post.author_protected,
        posted_at=timestamp(post.posted_at),
        read_at=timestamp(read_at),
        kind=_KINDS[post.kind],
        target_post_id=post.target_post_id or "",
        target_author_id=post.target_author_id or "",
        tags=post.tags,
        addresses_program=post.addresses_program,
        language=post.language,
    )


def _revocation_message(revocation: domain.Revocation) -> OutboxMessage:
    event = AccountRevoked(
        network=revocation.network, author_id=revocation.user_id, revoked_at=timestamp(revocation.revoked_at)
    )
    return OutboxMessage(
        aggregate=f"{revocation.network}:account:{revocation.user_id}",
        version=_milliseconds(revocation.revoked_at),
        event=event,
        at=revocation.revoked_at,
        subject=f"social.{revocation.network}.accounts.{shard_of(revocation.user_id)}",  # identity reads these alone
        source=SOURCE,
        message_id=revocation.message_id,
    )


def _watermark_messages(at: datetime, *, network: Network) -> Iterator[OutboxMessage]:
    for shard in range(SOCIAL_SHARDS):
        yield OutboxMessage(
            aggregate=f"{network}:watermark:{shard}",
            version=_milliseconds(at),
            event=Watermark(network=network, shard=shard, at=timestamp(at)),
            at=at,
            subject=f"social.{network}.{shard}",
            source=SOURCE,
            message_id=f"{network}:watermark:{shard}:{at.timestamp():.6f}",
        )


def _subject(network: Network, author: NetworkUserId) -> str:
    return f"social.{network}.{shard_of(author)}"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
