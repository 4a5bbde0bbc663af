"""The demo: shortened times, one purchase told as a conversation, every other story side by side, and a home page."""
