"""The checker as a process: it follows the suite that it is told of and checks it whole now and then, for ever."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import structlog

from chassis.lifecycle import Lifecycle
from chassis.process import run_beside
from chassis.workers import either
from hashtill_cli.checking.following.away import is_away
from hashtill_cli.checking.following.follower import Follower, new_feeds
from hashtill_cli.checking.following.reporting import Reporter
from hashtill_cli.checking.reading.places import PREFIX, Places, places_of
from hashtill_cli.checking.run import check
from hashtill_cli.checking.sources import open_sources
from hashtill_cli.embedded.data_folder import DEFAULT_NAME

AGAIN_SECONDS = 2.0
"""Between two looks for a suite that is not there."""

WHOLE_FIRST_SECONDS = 60.0
WHOLE_EVERY_SECONDS = 3_600.0
WHOLE_SHARE_MAX = 0.02
"""A whole check reads everything; of the time it takes so much at most."""

Find = Callable[[], Places]


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Run until SIGTERM; HASHTILL_CHECK_DATA names the data folder, its sisters an external suite."""
    find = partial(places_of, Path(environ.get(f"{PREFIX}DATA", DEFAULT_NAME)), environ)
    return run_beside(
        partial(serve, find),
        name="checker",
        health_listen=environ.get(f"{PREFIX}HEALTH_LISTEN", "127.0.0.1:0"),
        otlp_endpoint=environ.get("HASHTILL_OTLP_ENDPOINT"),
        log_level=environ.get("HASHTILL_LOG_LEVEL", "INFO"),
    )


async def serve(find: Find, lifecycle: Lifecycle) -> None:
    """Start both loops."""
    reporter = Reporter()
    lifecycle.add_worker("follow", partial(follow, find, reporter))
    lifecycle.add_worker("check-whole", partial(check_whole, find, reporter))


async def follow(find: Find, reporter: Reporter, stop: asyncio.Event) -> None:
    """Look at what changes until stopped; what was read so far is kept when the suite goes away and comes back."""
    feeds, told = None, ""
    while not stop.is_set():
        try:
            async with open_sources(find()) as sources:
                feeds = feeds or new_feeds()
                structlog.get_logger().info("checker_follows", feeds=[feed.name for feed in feeds])
                told = ""
                await Follower(sources, feeds, reporter=reporter).run(stop)
        except Exception as away:
            if not is_away(away):
                raise
            if told != (told := str(away)):
                structlog.get_logger().warning("checker_waits", cause=told)
        await either(stop, timeout_seconds=AGAIN_SECONDS)


async def check_whole(find: Find, reporter: Reporter, stop: asyncio.Event) -> None:
    """Check everything soon after the start and then seldom, until stopped."""
    pause = WHOLE_FIRST_SECONDS
    while not stop.is_set():
        await either(stop, timeout_seconds=pause)
        if stop.is_set():
            return
        began = time.monotonic()
        try:
            reporter.tell_whole(await check(find()), took_seconds=time.monotonic() - began)
        except Exception as away:
            if not is_away(away):
                raise
            structlog.get_logger().warning("whole_check_failed", cause=str(away))
        pause = max(WHOLE_EVERY_SECONDS, (time.monotonic() - began) / WHOLE_SHARE_MAX)
