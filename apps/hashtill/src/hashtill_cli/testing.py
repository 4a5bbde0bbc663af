"""Test fixtures: real servers on free ports for the whole run, and a fresh database for each test that asks for one.

Registered once, in the root `conftest.py`. Each pytest worker has a PostgreSQL and a nats-server of its own, started
when the first test asks (about a second) and gone, data and all, when the worker ends.

    def test_x(database_dsn: str): ...                 # an empty database, this test's own
    @pytest.fixture
    def orders_dsn(fresh_database: FreshDatabase) -> str:
        return fresh_database("orders", migrate)       # migrate(dsn) runs once a worker; each call is a fast copy
    async def test_y(nats_url: str): ...               # the worker's server; name streams after the test, or use
    async def test_z(fresh_nats_url: str): ...         # ... an empty server, this test's own (50 ms)
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader

from hashtill_cli.embedded.databases import run_sql
from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import embedded_nats
from hashtill_cli.embedded.postgres import SUPERUSER, Postgres, embedded_postgres

FreshDatabase = Callable[[str, Callable[[str], None]], str]
"""(name, migrate) -> the address of a new database, a copy of the one that `migrate` was run on once."""


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Give a folder the servers' account can reach, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="hashtill-test-"))
    folder.chmod(PASSABLE)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(servers_folder: Path) -> Iterator[Postgres]:
    """Give this worker's PostgreSQL; tests rather ask for a database."""
    with embedded_postgres(servers_folder, keyring=Keyring(servers_folder), throwaway=True) as server:
        yield server


@pytest.fixture(scope="session")
def nats_url(servers_folder: Path) -> Iterator[str]:
    """Give this worker's nats-server with JetStream; what one test stores, the next one sees."""
    with embedded_nats(servers_folder, keyring=Keyring(servers_folder)) as server:
        yield server.url.reveal()


@pytest.fixture
def fresh_nats_url(tmp_path: Path) -> Iterator[str]:
    """Give an empty nats-server for this test alone."""
    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        yield server.url.reveal()


@pytest.fixture
def database_dsn(fresh_database: FreshDatabase) -> str:
    """Give an empty database for this test alone."""
    return fresh_database("empty", lambda _dsn: None)


@pytest.fixture
def fresh_database(databases: "Databases") -> Iterator[FreshDatabase]:
    """Make databases for this test alone; they are dropped after it."""
    made: list[str] = []

    def make(name: str, migrate: Callable[[str], None]) -> str:
        made.append(databases.copy_of(databases.template(name, migrate)))
        return databases.dsn(made[-1])

    yield make
    databases.drop(made)


@pytest.fixture(scope="session")
def databases(postgres_server: Postgres) -> "Databases":
    """Make and drop databases by hand: for what several tests share."""
    return Databases(postgres_server)


@pytest.fixture(scope="session")
def metrics() -> "Metrics":
    """Read the metrics that this worker's code recorded since it was first asked for."""
    reader = InMemoryMetricReader()
    set_meter_provider(MeterProvider(metric_readers=[reader], shutdown_on_exit=False))
    return Metrics(reader)


class Metrics:
    """What was measured in this process, over all its tests."""

    def __init__(self, reader: InMemoryMetricReader) -> None:
        self._reader = reader

    def total(self, name: str, **attributes: str) -> float:
        """Add up the points of a metric that have these attributes: values, or counts of a histogram."""
        return sum(self._values(name, attributes))

    def _values(self, name: str, attributes: Mapping[str, str]) -> Iterator[float]:
        data = self._reader.get_metrics_data()
        scopes = (scope for each in (data.resource_metrics if data else ()) for scope in each.scope_metrics)
        for metric in (metric for scope in scopes for metric in scope.metrics if metric.name == name):
            for point in metric.data.data_points:
                if attributes.items() <= dict(point.attributes or {}).items():
                    yield point.count if isinstance(point, HistogramDataPoint) else getattr(point, "value", 0.0)


class Databases:
    """The databases a test run makes: templates, migrated once, and their copies."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._templates: set[str] = set()
        self._numbers = count(1)

    def dsn(self, database: str) -> str:
        """Give the address of one of them."""
        return self._server.dsn(role=SUPERUSER, password=self._server.password, database=database).reveal()

    def template(self, name: str, migrate: Callable[[str], None]) -> str:
        """Give the template of this name, made and migrated when first asked for."""
        template = f"template_{name}"
        if template not in self._templates:
            run_sql(self._server.admin_dsn, [f"CREATE DATABASE {template}"])
            migrate(self.dsn(template))
            self._templates.add(template)
        return template

    def copy_of(self, template: str) -> str:
        """Give a new database with everything its template has (by WAL: file copies checkpoint the whole server)."""
        database = f"test_{next(self._numbers)}"
        run_sql(self._server.admin_dsn, [f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY wal_log"])
        return database

    def drop(self, names: Sequence[str]) -> None:
        """Remove databases, whoever is still connected."""
        if names:
            run_sql(self._server.admin_dsn, [f"DROP DATABASE {name} WITH (FORCE)" for name in names])
