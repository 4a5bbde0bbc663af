"""The timers' figure: a million deadlines in their rows, never early, hardly late, on a fast and on a slow disk."""
