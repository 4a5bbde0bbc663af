"""Machinery shared by every service: grpc, postgres, outbox, inbox, jetstream, telemetry, lifecycle."""
