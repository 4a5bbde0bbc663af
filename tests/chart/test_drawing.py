from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import Field
from tests.chart.rendering import CHART
from tools.chart.draw import draw
from tools.chart.readme import documented, with_tables
from tools.chart.schema import with_settings
from tools.chart.wiring import Variable, WiringError, wiring_of, wiring_of_rows

from chassis.settings import ListenAddress, SecretText, ServiceSettings, describe_settings
from hashtill_cli.embedded.servers import SERVICES

VALUES = (CHART / "values.yaml").read_text()


class Peculiar(ServiceSettings):
    webhooks_listen: ListenAddress = Field(default="127.0.0.1:0", description="Where webhooks come in.")


class Shy(ServiceSettings):
    mail_password: SecretText | None = Field(default=None, description="The mail server's.")
    bench: bool = Field(default=False, description="Whether this is a measurement.")


def test_every_value_says_what_it_means() -> None:
    said = dict(documented(VALUES))

    silent = [path for path in _leaves(yaml.safe_load(VALUES)) if not any(_covers(each, path) for each in said)]

    assert silent == []


def test_an_optional_secret_comes_out_of_the_secret_and_measurements_have_no_place() -> None:
    wired = {each.name: each.how["kind"] for each in wiring_of_rows("notifier", list(describe_settings(Shy)))}

    assert wired["mail_password"] == "secret"
    assert "bench" not in wired


def test_an_address_to_listen_on_without_a_port_is_named() -> None:
    with pytest.raises(WiringError, match="orders listens for 'webhooks', which has no port yet"):
        wiring_of_rows("orders", list(describe_settings(Peculiar)))


def test_no_secret_may_be_written_among_the_values() -> None:
    wiring = _wiring()
    secret = {each.name for variables in wiring.values() for each in variables if each.row.secret}
    component: dict[str, Any] = {"type": "object", "properties": {}}

    schema = with_settings({"properties": {}, "$defs": {"component": component}}, wiring)

    writable = set(schema["properties"]["settings"]["properties"])
    assert {"page_key", "vault_keyset", "database_url", "smtp_password"} <= secret
    assert not secret & writable


def test_what_one_service_requires_is_told_to_be_given() -> None:
    table = with_tables("<!-- settings: drawn -->\n<!-- /settings -->", values="", wiring=_wiring())

    row = next(line for line in table.splitlines() if line.startswith("| `pages_url` | notifier, gateway"))
    assert "**must be given**" in row


def test_drawing_again_changes_nothing() -> None:
    drawn = draw(_wiring())

    assert drawn == draw(_wiring())
    assert {path.name for path in drawn} == {"settings.yaml", "values.schema.json", "README.md"}


def _wiring() -> dict[str, list[Variable]]:
    return {service: wiring_of(service) for service in SERVICES}


def _leaves(values: Any, path: str = "") -> Iterator[str]:
    if isinstance(values, dict) and values:
        for name, each in values.items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
    else:
        yield path


def _covers(documented_path: str, leaf: str) -> bool:
    return leaf == documented_path or leaf.startswith(f"{documented_path}.")
