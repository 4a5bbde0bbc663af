"""The offers service."""
