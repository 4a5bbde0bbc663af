"""The outside world, simulated, speaking the real protocols."""
