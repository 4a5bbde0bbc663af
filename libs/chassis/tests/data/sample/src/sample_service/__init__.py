"""A service that only has the message tables."""
