"""A clock moved by hand, for tests of what takes minutes."""


class SettableClock:
    """Tells the same second until it is advanced."""

    def __init__(self, *, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds
