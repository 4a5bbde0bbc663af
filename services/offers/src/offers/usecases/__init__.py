"""What offers does: one transaction each, over ports."""
