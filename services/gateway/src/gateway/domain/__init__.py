"""What the gateway decides: which frame is which post, which posts to keep, and how far a network has been read."""
