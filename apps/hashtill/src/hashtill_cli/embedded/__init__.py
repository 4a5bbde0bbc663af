"""Servers that Hashtill brings along: a real PostgreSQL and a real nats-server from their wheels, run beside it."""
