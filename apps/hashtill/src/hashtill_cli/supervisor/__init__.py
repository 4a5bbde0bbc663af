"""The supervisor: imports once, forks every process of the suite, forks again what dies, and stops all in order."""
