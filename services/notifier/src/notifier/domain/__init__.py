"""What is said, decided purely: no await, no clock, no I/O."""
