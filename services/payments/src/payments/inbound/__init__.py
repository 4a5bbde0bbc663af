"""How the world reaches payments: gRPC, and the card page."""
