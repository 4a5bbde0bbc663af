"""How the world reaches identity: gRPC and events, translated into domain words."""
