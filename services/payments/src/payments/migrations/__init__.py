"""Payments' schema, step by step."""
