"""One run: a suite of its own in a fresh folder, the generator beside it, pgbench after it, and the check."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hashtill_cli.bench.checking import problems_of, read_kept
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.figures import Result
from hashtill_cli.bench.folders import bench_folder
from hashtill_cli.bench.pgbench import pgbench_tps
from hashtill_cli.bench.plan import Load, Plan
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.processes import die_with_parent
from hashtill_cli.suite.checker import with_checker
from hashtill_cli.suite.outside import X_CLIENT_ID
from hashtill_cli.suite.running import Arrange, Suite, running_suite

KEPT_MAX = "400000"
"""Posts and authorizations the sandbox remembers: more than a run makes, so that nothing falls off before the check."""

EXTRA = {
    "HASHTILL_X_TIER": "enterprise",
    "SANDBOX_X_TIER": "enterprise",
    "SANDBOX_X_POSTS_MAX": KEPT_MAX,
    "SANDBOX_CARDNET_AUTHORIZATIONS_MAX": KEPT_MAX,
}
"""Beyond a suite's usual variables; the confirmation window stays the programme's 15 minutes."""

CORE = {
    "HASHTILL_BENCH": "1",
    "HASHTILL_NOTIFIER_WIRE": "inprocess",
    "HASHTILL_PROCESSOR_WIRE": "inprocess",
}

LOOK_SECONDS = 0.2


def run_purchases(load: Load, *, tell: Callable[[str], None], pgbench_seconds: int, keep: Path | None = None) -> Result:
    """Measure complete purchases. Raises BenchError and what starting a suite raises."""
    extra = EXTRA | (CORE if load.core else {})
    with bench_folder(keep) as data, running_suite(data, tell=tell, extra=extra, arrange=_beside(load, data)) as suite:
        if suite is None:
            raise BenchError("Stopped before the suite was ready.")
        tell(f"the suite is ready after {suite.seconds_to_ready:.1f} s")
        seen = _generate(_plan(load, suite, data), suite)
        tell("checking that nothing is lost or doubled")
        kept = read_kept(
            suite.book.databases,
            card_network=f"http://{suite.book.processes['sandbox-cardnet']['http']}",
            key=_keyring(data).password("cardnet_api_key").reveal(),
            core=load.core,
        )
        problems = problems_of(seen, asyncio.run(kept))
        tell("pgbench -N on the same PostgreSQL")
        tps = pgbench_tps(suite.servers.postgres, seconds=pgbench_seconds)
        return Result(load=load, seen=seen, pgbench_tps=tps, problems=problems)


def _beside(load: Load, data: Path) -> Arrange:
    return with_checker(data) if load.checker else lambda _, specs: specs


def _plan(load: Load, suite: Suite, data: Path) -> Plan:
    processes = suite.book.processes
    return Plan(
        load=load,
        targets={name: processes[name]["grpc"] for name in ("identity", "offers", "payments")},
        x_url=f"http://{processes['sandbox-x']['http']}",
        x_app=(X_CLIENT_ID, _keyring(data).password("x_client_secret").reveal()),
        mail_url=f"http://{processes['sandbox-mail']['http']}",
        nats_url=suite.book.nats_url,
        pages_url=f"http://{processes['gateway'].get('pages', processes['gateway']['grpc'])}",
        pids=suite.pids(),
    )


def _keyring(data: Path) -> Keyring:
    return Keyring(data.resolve())


def _generate(plan: Plan, suite: Suite) -> Mapping[str, Any]:
    """Run the generator to its end; Ctrl-C, or a process that dies, ends the run."""
    generator = subprocess.Popen(
        [sys.executable, "-m", "hashtill_cli.bench.generator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock is taken
        env=dict(os.environ),
    )
    if generator.stdin is None or generator.stdout is None:
        raise RuntimeError("Both are pipes.")
    with generator, generator.stdin as plan_in:
        plan_in.write(plan.to_json())
        plan_in.close()
        try:
            _watch(generator, suite)
        except BenchError:
            generator.kill()
            raise
        said = generator.stdout.read()
    if generator.returncode:
        raise BenchError("The generator failed; its words are above.")
    seen: Mapping[str, Any] = json.loads(said)
    return seen


def _watch(generator: "subprocess.Popen[str]", suite: Suite) -> None:
    while generator.poll() is None:
        if signal.sigtimedwait((signal.SIGINT, signal.SIGTERM), LOOK_SECONDS) is not None:
            raise BenchError("Stopped.")
        for child, code in suite.children.dead():
            raise BenchError(f"{child.spec.name} died (code {code}); see {child.log}")
