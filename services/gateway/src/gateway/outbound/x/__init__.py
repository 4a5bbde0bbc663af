"""X's API version 2, as the reader needs it."""
