"""A person: an account on X, an e-mail address, a card in the wallet, and a browser."""

from dataclasses import dataclass

from hashtill_cli.scenarios.world.browser import Browser
from hashtill_cli.scenarios.world.card_network import Card
from hashtill_cli.scenarios.world.x import X


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who buys."""

    x: X
    browser: Browser
    handle: str
    user_id: str
    name: str
    email: str
    card: Card

    async def post(self, text: str) -> str:
        """Post; gives the post's id."""
        return await self.x.act("post", self.user_id, text=text)

    async def reply(self, post_id: str, text: str) -> str:
        """Reply to a post."""
        return await self.x.act("reply", self.user_id, text=text, post_id=post_id)

    async def quote(self, post_id: str, text: str) -> str:
        """Quote a post."""
        return await self.x.act("quote", self.user_id, text=text, post_id=post_id)

    async def repost(self, post_id: str) -> str:
        """Repost a post."""
        return await self.x.act("repost", self.user_id, post_id=post_id)

    async def edit(self, post_id: str, text: str) -> str:
        """Edit a post; gives the new version's id."""
        return await self.x.act("edit", self.user_id, text=text, post_id=post_id)
