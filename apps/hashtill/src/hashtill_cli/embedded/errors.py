"""What a person is told when a server of ours cannot start: what happened, why, and what to do next."""


class EmbeddedServerError(Exception):
    """A start that failed for a reason a person can remove; the message is one sentence and the remedy."""
