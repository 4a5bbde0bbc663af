"""Desk: a batch of posts decided one after the other, each seeing what those before it did."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kernel.ids import CardmemberId, Network, NetworkUserId, OrderId, PostId, order_id_of
from kernel.tags import Tag
from orders.domain import saga
from orders.domain.change import Cause, Change, looked_at
from orders.domain.confirming import confirm, confirmation_of
from orders.domain.limits import Limits
from orders.domain.order import Confirmation, Order
from orders.domain.posts import Post, PostKind, Reading, Verdict, VerdictWord, verdict_on
from orders.domain.purchasing import NOT_LINKED, Link, PostRefused, Standing, reason_not_to_buy, received, refused
from orders.domain.states import State
from orders.domain.taking_back import delete_post


class Desk:
    """Decides posts in stream order; afterwards `changes`, `verdicts` and `refused` are what to save and tell."""

    def __init__(
        self,
        *,
        orders: Iterable[Order],
        verdicts: Mapping[tuple[Network, PostId], Verdict],
        links: Mapping[tuple[Network, NetworkUserId], Link],
        standings: Mapping[CardmemberId, Standing],
        at: datetime,
        limits: Limits,
    ) -> None:
        self._changes: dict[OrderId, Change] = {order.order_id: looked_at(order) for order in orders}
        self._known = dict(verdicts)
        self._links, self._standings = links, dict(standings)
        self._at, self._limits = at, limits
        self._by_tag: dict[str, list[OrderId]] = defaultdict(list)
        for change in self._changes.values():
            self._by_tag[str(change.order.confirmation_tag)].append(change.order.order_id)
        self._verdicts: dict[tuple[Network, PostId], Verdict] = {}
        self.refused: list[PostRefused] = []

    @property
    def changes(self) -> list[Change]:
        """Give every order that moved or about which something is told."""
        return [change for change in self._changes.values() if change.moved or change.told]

    @property
    def verdicts(self) -> list[Verdict]:
        """Give the last verdict on each post decided here."""
        return list(self._verdicts.values())

    def decide(self, post: Post, reading: Reading) -> None:
        """Decide one post; a post has at most one effect, whatever versions of it come."""
        known = self._known.get((post.network, post.post_id))
        if post.kind is PostKind.DELETE:
            self._delete(post, known)
        elif known is None or not known.had_effect:
            self._note(self._confirmed(post, reading) or self._bought(post, reading))

    def _delete(self, post: Post, known: Verdict | None) -> None:
        order_id = order_id_of(network=post.network, post_id=post.post_id)
        change = self._changes.get(order_id)
        taken_back = False
        if change is not None and change.order.author_id == post.author_id:
            after = self._changes[order_id] = delete_post(change, self._cause(post))
            taken_back = after is not change
        if taken_back or known is None:
            touched = order_id if change is not None else None
            self._note(verdict_on(post, VerdictWord.CANCELLED, "POST_DELETED", order_id=touched))

    def _confirmed(self, post: Post, reading: Reading) -> Verdict | None:
        """Try the post as a confirmation; None when it may still be a purchase."""
        if not reading.may_confirm:
            return None
        found = list(self._named_by(reading, post))
        own = [order for order in found if (order.network, order.author_id) == (post.network, post.author_id)]
        if not own:
            reason = "WRONG_AUTHOR" if found else "UNKNOWN_CONFIRMATION"
            return None if reading.purchase_tags else verdict_on(post, VerdictWord.IGNORED, reason)
        if post.author_protected:
            return verdict_on(post, VerdictWord.IGNORED, "ACCOUNT_PROTECTED", order_id=own[0].order_id)
        return self._confirm(own, post, may_be_any=reading.reposted is not None)

    def _confirm(self, orders: Sequence[Order], post: Post, *, may_be_any: bool) -> Verdict:
        """Confirm the first order that takes it, else answer for the first; a repost may be kept on several."""
        cause, confirmation = self._cause(post), confirmation_of(post)
        outcomes = [confirm(self._changes[order.order_id], confirmation, cause) for order in orders]
        if not may_be_any:  # one post has one effect; a repost kept on several is of one prompt alone
            outcomes = sorted(outcomes, key=lambda outcome: outcome.word is not VerdictWord.CONFIRMED)[:1]
        for outcome in outcomes:
            self._changes[outcome.change.order.order_id] = outcome.change
            self._give_up(outcome.change.order, outcome.displaced)
        last = outcomes[-1]
        return verdict_on(post, last.word, last.reason, order_id=last.change.order.order_id)

    def _give_up(self, order: Order, displaced: Confirmation | None) -> None:
        """Say of a kept confirmation that lost its place that it came to nothing."""
        if displaced is None or displaced.post_id is None or displaced.version_id is None:
            return
        self._note(
            Verdict(
                network=order.network,
                post_id=displaced.post_id,
                version_id=displaced.version_id,
                author_id=order.author_id,
                word=VerdictWord.IGNORED,
                reason="DUPLICATE",
                posted_at=displaced.at,
                order_id=order.order_id,
            )
        )

    def _named_by(self, reading: Reading, post: Post) -> Iterator[Order]:
        """Find the orders a confirmation names: by tag, or by the reposted reply (by the author while unknown)."""
        if reading.reposted is not None:
            orders = [change.order for change in self._changes.values()]
            known = [each for each in orders if each.prompt_post_id == reading.reposted]
            yield from known or (each for each in orders if _may_be_prompt_of(each, post))
            return
        named = [self._changes[each].order for tag in reading.confirmation_tags for each in self._by_tag.get(tag, ())]
        still_open = [order for order in named if order.state not in saga.FINAL]
        yield from still_open or named

    def _bought(self, post: Post, reading: Reading) -> Verdict:
        tags = reading.purchase_tags
        if not tags:
            return verdict_on(post, VerdictWord.IGNORED, "NO_KNOWN_TAG")
        link = self._links.get((post.network, post.author_id), NOT_LINKED)
        standing = self._standing_of(link)
        reason = reason_not_to_buy(post, tags, link, standing, at=self._at, limits=self._limits)
        if reason is not None:
            return self._refuse(post, tags, link, reason)
        change = received(post, tags[0], link, self._cause(post))
        self._changes[change.order.order_id] = change
        self._standings[change.order.cardmember_id] = replace(standing, unconfirmed=standing.unconfirmed + 1)
        return verdict_on(post, VerdictWord.ORDERED, order_id=change.order.order_id)

    def _refuse(self, post: Post, tags: Sequence[Tag], link: Link, reason: str) -> Verdict:
        self.refused.append(refused(post, tags, link, reason, at=self._at))
        return verdict_on(post, VerdictWord.REFUSED, reason)

    def _standing_of(self, link: Link) -> Standing:
        return self._standings.get(link.cardmember_id, Standing()) if link.cardmember_id else Standing()

    def _note(self, verdict: Verdict) -> None:
        key = (verdict.network, verdict.post_id)
        self._known[key] = self._verdicts[key] = verdict

    def _cause(self, post: Post) -> Cause:
        return Cause(at=self._at, limits=self._limits, id=f"{post.network}:{post.version_id}")


def _may_be_prompt_of(order: Order, post: Post) -> bool:
    return order.state is State.PROMPTING and (order.network, order.author_id) == (post.network, post.author_id)
