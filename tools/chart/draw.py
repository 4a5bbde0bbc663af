"""Draw what the chart takes from the services' Settings: its wiring, the values' schema and the README's tables.

`python -m tools.chart.draw` writes them; with --check it says which of them are not current.
"""

import json
import sys
from pathlib import Path

import yaml
from tools.chart.readme import with_tables
from tools.chart.schema import with_settings
from tools.chart.wiring import Variable, WiringError, wiring_of

from hashtill_cli.embedded.servers import SERVICES

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "hashtill"
SCHEMA_BY_HAND = ROOT / "deploy" / "helm" / "values.schema.yaml"

COMMAND = ".venv/bin/python -m tools.chart.draw"

WIRING_HEAD = f"# Drawn from the services' Settings by `{COMMAND}`; not edited by hand.\n"


def main(arguments: list[str]) -> int:
    """Write what differs; with --check only name it, and fail."""
    drawn = draw({service: wiring_of(service) for service in SERVICES})
    stale = [path for path, text in drawn.items() if not path.is_file() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} does not fit the services' settings any more. Run: {COMMAND}")
        return 1 if stale else 0
    for path in stale:
        path.write_text(drawn[path])
    print(f"The chart fits the services' settings; {len(stale)} files changed.")
    return 0


def draw(wiring: dict[str, list[Variable]]) -> dict[Path, str]:
    """Give the text of every drawn file."""
    by_hand = yaml.safe_load(SCHEMA_BY_HAND.read_text())
    readme, values = CHART / "README.md", CHART / "values.yaml"
    return {
        CHART / "files" / "settings.yaml": _wiring_file(wiring),
        CHART / "values.schema.json": json.dumps(with_settings(by_hand, wiring), indent=2) + "\n",
        readme: with_tables(readme.read_text(), values=values.read_text(), wiring=wiring),
    }


def _wiring_file(wiring: dict[str, list[Variable]]) -> str:
    described = {service: [each.described() for each in variables] for service, variables in wiring.items()}
    return WIRING_HEAD + yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=1000)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WiringError as error:
        sys.exit(f"chart: {error}")
