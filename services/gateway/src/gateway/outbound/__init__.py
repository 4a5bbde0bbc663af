"""What the gateway reaches out to: networks and its own database."""
