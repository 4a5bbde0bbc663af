"""Shards: which lane of a stream a key travels in, so that one key's messages keep their order."""

import hashlib

SOCIAL_SHARDS = 4
"""Lanes of every stream; a power of two, so that it can be doubled later without a key moving back."""


def shard_of(key: str, *, shards: int = SOCIAL_SHARDS) -> int:
    """Hash a key (an author, an order) to its lane, the same on every machine and run."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) % shards
