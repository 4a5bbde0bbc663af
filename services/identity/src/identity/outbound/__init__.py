"""How identity reaches the world: PostgreSQL, memory, X, and payments."""
