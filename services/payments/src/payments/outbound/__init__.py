"""How payments reaches the world: PostgreSQL, memory, the vault's keys, and the processor."""
