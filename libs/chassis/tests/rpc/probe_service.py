"""A whole little service for the process tests: run as a program, as `program migrate`, or as `program fork`."""

import asyncio
import os
import sys
import time
from typing import Any

import grpc
import structlog
from google.protobuf.wrappers_pb2 import StringValue
from grpc import aio
from pydantic import Field

from chassis.grpc_server import GrpcServer
from chassis.lifecycle import Lifecycle
from chassis.process import run_process
from chassis.settings import ServiceSettings

SLOW_SECONDS = 1.0


class Settings(ServiceSettings):
    mode: str = Field(default="well", description="How it behaves.", examples=["well"])


async def answer(request: StringValue, _context: Any) -> StringValue:
    structlog.get_logger().info("call_begun", text=request.value)
    if request.value == "never":
        await asyncio.Event().wait()
    if request.value == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    return request


def register(_servicer: object, server: aio.Server) -> None:
    handler = grpc.unary_unary_rpc_method_handler(answer, StringValue.FromString, StringValue.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("probe.v1.Probe", {"Get": handler}),))


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    match settings.mode:
        case "broken":
            raise KeyError("a bug at the start")
        case "waiting":
            await lifecycle.wait_for("The moon", never_there, remedy="Look up.")
        case "hanging":
            lifecycle.add_worker("deaf", deaf)
            lifecycle.on_stop("stuck", asyncio.Event().wait)
        case "blocking":
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
        case _:
            lifecycle.add_worker("loop", polite)
    lifecycle.on_stop("database", note_closing)
    await lifecycle.add_server(GrpcServer(settings.listen, [(register, None)], health=lifecycle.health))


async def migrate(_settings: Settings) -> None:
    structlog.get_logger().info("schema_is_new")


async def never_there() -> bool:
    return False


async def deaf(_stop: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def polite(stop: asyncio.Event) -> None:
    await stop.wait()


async def note_closing() -> None:
    structlog.get_logger().info("database_closed")


def main() -> int:
    if sys.argv[1:] != ["fork"]:
        return run_process(Settings, serve, migrate=migrate, arguments=sys.argv[1:], name="probe")
    child = os.fork()
    if child == 0:
        os._exit(run_process(Settings, serve, environ=dict(os.environ), name="probe"))
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
