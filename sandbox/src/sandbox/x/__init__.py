"""X, simulated: one process that speaks X's API, its streams, its sign-in and a small timeline page."""
