"""How the notifier reaches the world: PostgreSQL, memory, X, SMTP, orders and identity."""
