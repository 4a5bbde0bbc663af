"""How the world asks offers: gRPC."""
