"""Chance: draws that keep no secret (trace ids, pauses); only our code draws from here, so they can be repeated."""

import os
from random import Random

CHANCE = Random()  # noqa: S311 - what must not be guessed is drawn from `secrets`
"""Libraries draw from `random` itself, the metrics SDK for one: with a seed, how often they did would show here."""

os.register_at_fork(after_in_child=CHANCE.seed)
