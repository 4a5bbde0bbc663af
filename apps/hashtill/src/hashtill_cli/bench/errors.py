"""Why there is no figure."""


class BenchError(Exception):
    """There is no figure; the sentence says why."""
