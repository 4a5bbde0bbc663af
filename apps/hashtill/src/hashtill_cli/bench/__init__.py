"""Benchmarks: complete purchases driven through the whole running suite, and what they cost."""
