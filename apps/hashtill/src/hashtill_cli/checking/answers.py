"""I9: nobody is answered twice: one reply to a post, one prompt and one receipt for an order."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, DeliveryRow

ONCE_AN_ORDER = frozenset({("REPLY", "PROMPT"), ("MAIL", "PROMPT"), ("MAIL", "RECEIPT")})

OUT = frozenset({"SENDING", "SENT"})


def breaches(case: Case) -> Iterator[Breach]:
    """Find orders that were prompted or given a receipt more than once."""
    sent = [each for each in case.deliveries if each.state in OUT]
    for (channel, purpose), count in Counter((each.channel, each.purpose) for each in sent).items():
        if count > 1 and (channel, purpose) in ONCE_AN_ORDER:
            ids = (str(each.delivery_id) for each in sent if (each.channel, each.purpose) == (channel, purpose))
            order_id = str(case.order_id)
            yield Breach(
                invariant=Invariant.ONE_ANSWER,
                what=f"{count} times {channel} {purpose}.",
                ids=(order_id, *ids),
                order_id=order_id,
            )


def repeated(rows: Iterable[DeliveryRow]) -> Iterator[Breach]:
    """Find posts with several replies; rows are replies that went out, sorted by network and the post they answer."""
    for (network, post), same in groupby(rows, key=lambda row: (row.network, row.in_reply_to)):
        replies = list(same)
        if len(replies) > 1:
            order_id = next((str(each.order_id) for each in replies if each.order_id), None)
            yield Breach(
                invariant=Invariant.ONE_ANSWER,
                what=f"{len(replies)} replies to one post.",
                ids=(f"{network}:{post}", *(str(each.delivery_id) for each in replies)),
                order_id=order_id,
            )


def seen_repeated(replies: Iterable[tuple[str, str]]) -> Iterator[Breach]:
    """Find posts that the network itself shows with several replies of ours; pairs are (answered post, reply)."""
    by_post: dict[str, list[str]] = {}
    for post, reply in replies:
        by_post.setdefault(post, []).append(reply)
    for post, ids in by_post.items():
        if len(ids) > 1:
            yield Breach(
                invariant=Invariant.ONE_ANSWER,
                what=f"The network shows {len(ids)} replies to one post.",
                ids=(post, *ids),
            )


def unknown_mails(message_ids: Iterable[str], known: Collection[str]) -> Iterator[Breach]:
    """Find mails in the mailbox that no delivery stands behind."""
    for message_id in message_ids:
        if message_id.strip("<>").partition("@")[0] not in known:
            yield Breach(
                invariant=Invariant.ONE_ANSWER, what="A mail arrived that no delivery wrote.", ids=(message_id,)
            )
