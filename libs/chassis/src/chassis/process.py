"""A process: settings, logs, telemetry, loop and signals around one service's `serve`; forked or by `python -m`."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, TypeVar

import structlog
import uvloop

from chassis.credentials import AddressTakenError
from chassis.exporting import start_exporting
from chassis.failing import arm_failpoints
from chassis.health import Health
from chassis.lifecycle import Lifecycle, NotThereError
from chassis.logs import configure_logs, report_loop_error
from chassis.settings import ServiceSettings, SettingsError, load_settings

S = TypeVar("S", bound=ServiceSettings)
Serve = Callable[[S, Lifecycle], Awaitable[None]]
"""Builds and joins a service's parts to its lifecycle, then returns; the process is ready when it has."""

Migrate = Callable[[S], Awaitable[None]]
"""Brings the service's database to the newest schema."""

YOUNG_OBJECTS = 20_000
"""Objects between two looks for garbage cycles (Python: 700): one batch of 200 makes more at every step of its way."""

LEAVE_SECONDS = 0.4
"""What is left of the five seconds when everything else has stopped."""

EXIT_OK, EXIT_FAILED, EXIT_SETTINGS, EXIT_USAGE = 0, 1, 78, 64
"""78 and 64 as sysexits.h: wrong configuration, wrong command line."""


def run_service(settings_type: type[S], serve: Serve[S], *, migrate: Migrate[S] | None = None) -> NoReturn:
    """Run `python -m <service>` (or `python -m <service> migrate`) to its end and exit with its code."""
    code = run_process(settings_type, serve, migrate=migrate, arguments=sys.argv[1:])
    _last_resort(code)
    sys.exit(code)


def run_process(
    settings_type: type[S],
    serve: Serve[S],
    *,
    migrate: Migrate[S] | None = None,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    name: str | None = None,
) -> int:
    """Do the same here and give the exit code; a supervisor calls it in a fork that has no loop or thread yet.

    `name` is the service's name in logs and traces; without it, the package that holds its Settings.
    """
    service = name or settings_type.__module__.partition(".")[0]
    try:
        settings = load_settings(settings_type, environ)
    except SettingsError as error:
        sys.stderr.write("".join(f"{service}: {problem}\n" for problem in error.problems))
        return EXIT_SETTINGS
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # grpc's core writes its own lines to stderr, unmasked
    configure_logs(service=service, level=settings.log_level)
    arm_failpoints(settings.failpoints, service=service)
    if not arguments:
        listen, endpoint = settings.health_listen, settings.otlp_endpoint
        return _in_loop(
            _serve_until_stopped(partial(serve, settings), service=service, listen=listen, otlp_endpoint=endpoint)
        )
    if migrate is not None and list(arguments) == ["migrate"]:
        return _in_loop(_migrate(settings, migrate))
    usage = f"python -m {service}" + (" [migrate]" if migrate else "")
    sys.stderr.write(f"{service}: {' '.join(arguments)!r} is not known. Usage: {usage}\n")
    return EXIT_USAGE


def run_beside(
    serve: Callable[[Lifecycle], Awaitable[None]],
    *,
    name: str,
    health_listen: str,
    otlp_endpoint: str | None,
    log_level: str,
) -> int:
    """Run what is no service, for it has no database of its own, as one runs; gives the exit code."""
    configure_logs(service=name, level=log_level)
    return _in_loop(_serve_until_stopped(serve, service=name, listen=health_listen, otlp_endpoint=otlp_endpoint))


async def _serve_until_stopped(
    serve: Callable[[Lifecycle], Awaitable[None]], *, service: str, listen: str, otlp_endpoint: str | None
) -> int:
    exporting = start_exporting(service=service, otlp_endpoint=otlp_endpoint)
    lifecycle = Lifecycle(health=Health())
    _stop_on_signals(lifecycle)
    try:
        await lifecycle.health.start(listen)
        structlog.get_logger().info("health_listening", port=lifecycle.health.port)
        code = await _until_stopped(serve, lifecycle)
    except (NotThereError, AddressTakenError) as error:
        structlog.get_logger().error("start_gave_up", why=str(error))
        code = EXIT_OK if lifecycle.stopping.is_set() else EXIT_FAILED
    except Exception:  # noqa: BLE001 - the process's edge: a bug at the start is logged once and ends it
        structlog.get_logger().exception("start_failed")
        code = EXIT_FAILED
    await lifecycle.stop()
    await exporting.stop()
    structlog.get_logger().info("stopped", exit_code=code)
    return code


async def _until_stopped(serve: Callable[[Lifecycle], Awaitable[None]], lifecycle: Lifecycle) -> int:
    """Start, be ready, wait for the stop; a signal during the start abandons the start."""
    starting = asyncio.ensure_future(serve(lifecycle))
    stop_asked = asyncio.ensure_future(lifecycle.stopping.wait())
    await asyncio.wait([starting, stop_asked], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    elif not (lifecycle.stopping.is_set() and starting.cancelled()):
        starting.result()
        await lifecycle.ready("start-up")
    await stop_asked
    return EXIT_FAILED if lifecycle.failure else EXIT_OK


async def _migrate(settings: S, migrate: Migrate[S]) -> int:
    try:
        await migrate(settings)
    except Exception:  # noqa: BLE001 - the process's edge, as above
        structlog.get_logger().exception("migration_failed")
        return EXIT_FAILED
    structlog.get_logger().info("migrated")
    return EXIT_OK


def _stop_on_signals(lifecycle: Lifecycle) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, lifecycle.request_stop)


def _in_loop(main: Coroutine[Any, Any, int]) -> int:
    async def run() -> int:
        asyncio.get_running_loop().set_exception_handler(report_loop_error)
        return await main

    gc.set_threshold(YOUNG_OBJECTS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(run())
        leaving = _last_resort(code)
    leaving.cancel()
    return code


def _last_resort(code: int) -> threading.Timer:
    """End by force when a thread or a task that swallows its cancellation would keep the process from ending."""
    timer = threading.Timer(LEAVE_SECONDS, os._exit, (code,))  # the exit that waits for nobody is the point
    timer.daemon = True
    timer.start()
    return timer
