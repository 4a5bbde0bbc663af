"""What goes out: rows, messages and calls to peers."""
