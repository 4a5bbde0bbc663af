"""What orders does: each file one use case, begin, load, decide, save, announce, commit."""
