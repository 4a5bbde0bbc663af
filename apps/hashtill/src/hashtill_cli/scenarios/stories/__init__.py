"""The stories: one file each, a small function that does what people do and says what must come of it."""
