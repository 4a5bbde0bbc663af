"""Watching: which calls of a play reach for something real: a clock, chance that no seed decides, a thread."""

import _thread
import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from types import FrameType
from typing import Any

_CLOCKS = (
    time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter, time.perf_counter_ns, time.sleep,
    time.gmtime, time.localtime, datetime.now, datetime.utcnow, date.today,
)  # fmt: skip
_CHANCE = (os.urandom, random.random, random.getrandbits)
"""What `uuid4`, `secrets` and all of `random` come down to."""

_OBSERVERS = ("/opentelemetry/", "/hypothesis/")
"""What other tests left to measure with may do as it likes, for it decides nothing in a play (Hypothesis times the
garbage collector)."""

REAL: frozenset[Callable[..., Any]] = frozenset({*_CLOCKS, *_CHANCE, _thread.start_new_thread})


@contextmanager
def watching() -> Iterator[Counter[str]]:
    """Give what was called of the real world meanwhile, and from where; it need not be called by our own code."""
    called, before = Counter[str](), sys.getprofile()

    def look(frame: FrameType, event: str, called_now: Any) -> None:
        if event == "c_call" and called_now in REAL and not _is_observer(frame):
            called[f"{called_now.__qualname__} by {frame.f_code.co_filename}:{frame.f_lineno}"] += 1

    sys.setprofile(look)
    try:
        yield called
    finally:
        sys.setprofile(before)


def _is_observer(frame: FrameType) -> bool:
    return any(name in each.f_code.co_filename for each, _ in traceback.walk_stack(frame) for name in _OBSERVERS)
