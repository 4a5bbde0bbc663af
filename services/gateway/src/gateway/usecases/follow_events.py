"""Other services' facts are remembered: which links to watch, and which prompts of ours may be answered."""

from collections.abc import Sequence
from datetime import timedelta

from gateway.usecases.ports import LinkChange, PromptPosted, Transactions

PROMPTS_KEPT = timedelta(days=7)
"""As far back as X's recent search reaches: an older gap cannot be asked for."""


async def follow_links(changes: Sequence[LinkChange], *, transactions: Transactions) -> None:
    """Watch and unwatch; only the newest word on a link counts, so a repeat or a late one changes nothing."""
    async with transactions.begin() as unit:
        await unit.links.apply(changes)


async def follow_prompts(prompts: Sequence[PromptPosted], *, transactions: Transactions) -> None:
    """Remember prompts and forget those too old to ask for; a repeat changes nothing."""
    if not prompts:
        return
    newest = max(prompt.posted_at for prompt in prompts)
    async with transactions.begin() as unit:
        await unit.prompts.add(prompts)
        await unit.prompts.forget_before(newest - PROMPTS_KEPT)
