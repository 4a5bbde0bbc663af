"""How offers keeps and tells: PostgreSQL, memory, messages."""
