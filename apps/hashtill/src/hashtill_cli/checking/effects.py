"""I7: a post orders once or confirms once, and what was said of it is what it did."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, EffectRow

OF_ITS_OWN_POST = frozenset({"ORDERED", "CANCELLED", "IGNORED"})
"""What may be said of the post that made an order: CANCELLED when deleted, IGNORED when its account was protected."""


def breaches(rows: Iterable[EffectRow]) -> Iterator[Breach]:
    """Find posts with two effects; rows come sorted by network and post."""
    for (network, post), same in groupby(rows, key=lambda row: (row.network, row.post)):
        effects = {(row.effect, str(row.order_id)) for row in same}
        if len(effects) > 1:
            orders = tuple(sorted({order_id for _, order_id in effects}))
            said = " and ".join(sorted(effect for effect, _ in effects))
            yield Breach(
                invariant=Invariant.ONE_EFFECT,
                what=f"A post {said}.",
                ids=(f"{network}:{post}", *orders),
                order_id=orders[0],
            )


def misjudged(case: Case) -> Iterator[Breach]:
    """Find verdicts that tell of an effect the order does not know, and orders whose post has no verdict."""
    order = case.order
    if order is None:
        for verdict in case.verdicts:
            yield _breach(case, f"A post is said to have {verdict.verdict} an order that is not.", verdict.post_id)
        return
    own = [each for each in case.verdicts if (each.network, each.post_id) == (order.network, order.post_id)]
    if not any(each.verdict in OF_ITS_OWN_POST for each in own):
        yield _breach(case, "The post that made the order has no verdict that says so.", order.post_id)
    confirming = order.confirmation_post_id
    if confirming and confirming not in {each.post_id for each in case.verdicts}:
        yield _breach(case, "The post that confirmed the order has no verdict that says so.", confirming)
    for verdict in case.verdicts:
        told = {"ORDERED": order.post_id, "CONFIRMED": order.confirmation_post_id}
        if verdict.post_id != told.get(verdict.verdict, verdict.post_id):
            yield _breach(case, f"A post is said to have {verdict.verdict} and did not.", verdict.post_id)


def _breach(case: Case, what: str, post_id: str) -> Breach:
    order_id = str(case.order_id)
    return Breach(invariant=Invariant.ONE_EFFECT, what=what, ids=(post_id, order_id), order_id=order_id)
