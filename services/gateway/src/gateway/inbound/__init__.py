"""What comes in: network streams, other services' events, gRPC calls, and the pages."""
