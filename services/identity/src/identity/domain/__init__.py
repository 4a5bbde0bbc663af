"""Who is linked, decided purely: no await, no clock, no I/O."""
