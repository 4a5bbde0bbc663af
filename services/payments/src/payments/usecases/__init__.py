"""What payments does: one file a use case, over the ports."""
