"""The relay's figure: durable events a second from the outbox into the stream, with both sides compared at the end."""
