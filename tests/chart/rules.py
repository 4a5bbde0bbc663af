"""Every rule a manifest is held to, by name."""

from collections.abc import Callable, Iterator, Sequence
from inspect import getmembers, isfunction

from tests.chart import object_rules, pod_rules, security_rules
from tests.chart.manifests import JSON

Rule = Callable[[Sequence[JSON]], Iterator[str]]

RULES: dict[str, Rule] = {
    name: rule
    for module in (object_rules, pod_rules, security_rules)
    for name, rule in getmembers(module, isfunction)
    if rule.__module__ == module.__name__ and not name.startswith("_")
}


def broken(manifests: Sequence[JSON]) -> dict[str, list[str]]:
    """Give the sentences of each rule that is broken."""
    found = {name: list(rule(manifests)) for name, rule in RULES.items()}
    return {name: sentences for name, sentences in found.items() if sentences}
