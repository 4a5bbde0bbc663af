"""A post as X shows it to everybody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.snowflakes import time_of_snowflake

_CONFIRMATION = re.compile(r"#(OK[0-9A-Z]{8})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPost:
    """One version of a post; `replied_to` is empty for what is no reply."""

    post_id: str
    author_id: str
    text: str
    replied_to: str

    @property
    def confirmation_tag(self) -> str:
        """Give the tag a prompt asks for; empty when the post names none."""
        found = _CONFIRMATION.search(self.text)
        return found[1] if found else ""

    @property
    def posted_at(self) -> datetime:
        """Say when it was posted, by X's own clock."""
        return time_of_snowflake(int(self.post_id))


def seen_post(frame: Mapping[str, Any]) -> SeenPost:
    """Read a post as the simulated X writes it."""
    references = {each["type"]: each["id"] for each in frame.get("referenced_tweets", ())}
    return SeenPost(
        post_id=frame["id"],
        author_id=frame["author_id"],
        text=frame["text"],
        replied_to=references.get("replied_to", ""),
    )
