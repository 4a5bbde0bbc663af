"""Answers: stories, verdicts and parcels as protobuf messages."""

from hashtill.common.v1 import postal_address_pb2
from hashtill.orders.v1 import order_pb2, orders_service_pb2
from orders.outbound.order_messages import STATES, moment, order_message
from orders.usecases.ports import DatedVerdict, ShipTo, StoryStep
from orders.usecases.read_orders import Story


def story_message(story: Story) -> orders_service_pb2.ExplainOrderResponse:
    """Write a story."""
    return orders_service_pb2.ExplainOrderResponse(
        order=order_message(story.order) if story.order is not None else None,
        steps=[_step_message(step) for step in story.steps],
        verdicts=[_verdict_message(dated) for dated in story.verdicts],
    )


def address_message(ship_to: ShipTo | None) -> postal_address_pb2.PostalAddress | None:
    """Write an address; none for a card payments does not know any more."""
    if ship_to is None:
        return None
    return postal_address_pb2.PostalAddress(
        name=ship_to.name,
        lines=ship_to.lines,
        city=ship_to.city,
        region=ship_to.region,
        postal_code=ship_to.postal_code,
        country_code=ship_to.country_code,
    )


def _step_message(told: StoryStep) -> order_pb2.OrderStep:
    step = told.step
    return order_pb2.OrderStep(
        version=step.version,
        from_state=STATES[step.from_state] if step.from_state else order_pb2.ORDER_STATE_UNSPECIFIED,
        to_state=STATES[step.to_state],
        cause=step.cause,
        cause_id=step.cause_id,
        detail=step.detail,
        at=moment(told.at),
        trace_id=told.trace_id,
    )


def _verdict_message(dated: DatedVerdict) -> orders_service_pb2.PostVerdict:
    verdict = dated.verdict
    return orders_service_pb2.PostVerdict(
        network=verdict.network,
        post_id=verdict.post_id,
        version_id=verdict.version_id,
        verdict=verdict.word,
        reason=verdict.reason,
        posted_at=moment(verdict.posted_at),
        decided_at=moment(dated.decided_at),
    )
