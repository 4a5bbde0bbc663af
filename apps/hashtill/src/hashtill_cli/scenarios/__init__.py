"""Scenarios: purchases as people make them, over the wire, each with what must have come of it."""
