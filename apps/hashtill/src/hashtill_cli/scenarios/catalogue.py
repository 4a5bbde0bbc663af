"""The catalogue: every story by its title, in the order of the table."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.stories.after_a_dropped_stream import confirm_after_a_dropped_stream
from hashtill_cli.scenarios.stories.answer_lost import buy_while_the_processor_loses_its_answer
from hashtill_cli.scenarios.stories.by_mail import confirm_by_mail
from hashtill_cli.scenarios.stories.by_quote import confirm_by_quote
from hashtill_cli.scenarios.stories.by_reply import confirm_by_reply
from hashtill_cli.scenarios.stories.by_repost import confirm_by_repost
from hashtill_cli.scenarios.stories.cancel_in_time import cancel_in_the_remorse_time
from hashtill_cli.scenarios.stories.declined_card import buy_with_a_card_that_is_declined
from hashtill_cli.scenarios.stories.delivered_five_times import buy_with_everything_five_times
from hashtill_cli.scenarios.stories.edited_post import buy_by_an_edit
from hashtill_cli.scenarios.stories.ineligible_card import buy_with_a_corporate_card, buy_with_a_prepaid_card
from hashtill_cli.scenarios.stories.not_linked import buy_without_a_link
from hashtill_cli.scenarios.stories.overtaking import confirm_before_we_know_of_the_prompt
from hashtill_cli.scenarios.stories.protected_account import buy_from_a_protected_account
from hashtill_cli.scenarios.stories.refund_after_return import refund_after_a_return
from hashtill_cli.scenarios.stories.sold_out import buy_what_is_sold_out
from hashtill_cli.scenarios.stories.too_late import confirm_too_late
from hashtill_cli.scenarios.stories.wrong_author import confirm_for_somebody_else
from hashtill_cli.scenarios.world.world import World

Tell: TypeAlias = Callable[[World], Awaitable[Sequence[Expectation]]]
"""A story: does what people do, and gives what must come of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story and how it may be told: `alone` when it breaks something that others need."""

    title: str
    tell: Tell
    alone: bool = False


SCENARIOS = (
    Scenario(title="confirmed by a reply", tell=confirm_by_reply),
    Scenario(title="confirmed by a quote", tell=confirm_by_quote),
    Scenario(title="confirmed by a repost of the prompt", tell=confirm_by_repost),
    Scenario(title="confirmed by the mail's button", tell=confirm_by_mail),
    Scenario(title="confirmed while the stream was down", tell=confirm_after_a_dropped_stream, alone=True),
    Scenario(title="confirmed before we knew of our prompt", tell=confirm_before_we_know_of_the_prompt, alone=True),
    Scenario(title="confirmed too late", tell=confirm_too_late),
    Scenario(title="confirmed by the wrong author", tell=confirm_for_somebody_else),
    Scenario(title="not linked", tell=buy_without_a_link),
    Scenario(title="protected account", tell=buy_from_a_protected_account),
    Scenario(title="prepaid card", tell=buy_with_a_prepaid_card),
    Scenario(title="corporate card", tell=buy_with_a_corporate_card),
    Scenario(title="ten buyers for three units", tell=buy_what_is_sold_out),
    Scenario(title="every post delivered five times", tell=buy_with_everything_five_times),
    Scenario(title="bought by an edit", tell=buy_by_an_edit),
    Scenario(title="card declined", tell=buy_with_a_card_that_is_declined),
    Scenario(title="processor's answer lost after charging", tell=buy_while_the_processor_loses_its_answer),
    Scenario(title="cancelled in the remorse time", tell=cancel_in_the_remorse_time),
    Scenario(title="refunded after a return", tell=refund_after_a_return),
)
