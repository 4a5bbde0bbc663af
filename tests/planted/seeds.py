"""Plays seeds of the simulation until one breaks a promise: exit code 1 and what broke; 0 when all are kept."""

import sys

from tests.simulation.playing import play


def main() -> int:
    """Play the seeds named as arguments, in order."""
    for seed in map(int, sys.argv[1:]):
        if breaches := play(seed).breaches:
            sys.stdout.write("\n".join([f"BROKEN by seed {seed}", *breaches, ""]))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
