"""How the world reaches the notifier: events and gRPC, translated into domain words."""
