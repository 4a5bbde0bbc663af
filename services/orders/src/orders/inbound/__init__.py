"""What comes in: calls, messages and the passing of time, translated to domain words."""
