"""The schema of the chart's values: what is written by hand, and each service's settings with types and bounds."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import CoreSchema
from tools.chart.wiring import Variable, settings_of

NOT_A_RULE = ("title", "default", "examples", "description")
"""Words of a property that say nothing about which values are right."""


class _WithSecrets(GenerateJsonSchema):
    """Lets the secret types pass, which have no schema; they never stand among the values."""

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:  # noqa: ARG002 - pydantic calls it so
        return {}


def with_settings(by_hand: Mapping[str, Any], wiring: Mapping[str, list[Variable]]) -> dict[str, Any]:
    """Put the settings of all services into the hand-written schema."""
    component = by_hand["$defs"]["component"]
    properties = dict(by_hand["properties"])
    properties["settings"] = _object(_shared(wiring))
    properties["components"] = _object(
        {service: _component(component, service, variables) for service, variables in wiring.items()}
    ) | {"required": list(wiring)}
    rest = {name: each for name, each in by_hand["$defs"].items() if name != "component"}
    return {**by_hand, "properties": properties, "$defs": rest}


def _component(by_hand: Mapping[str, Any], service: str, variables: Iterable[Variable]) -> dict[str, Any]:
    rules = _rules_of(service)
    settings = _object({each.name: rules[each.name] for each in variables if each.is_plain})
    return {**by_hand, "properties": {**by_hand["properties"], "settings": settings}}


def _shared(wiring: Mapping[str, list[Variable]]) -> dict[str, Any]:
    """Give each shared setting the rules of every service that reads it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for service, variables in wiring.items():
        rules = _rules_of(service)
        for each in variables:
            if each.is_plain and not each.how["own"]:
                found.setdefault(each.name, []).append(rules[each.name])
    return {name: _all_of(rules) for name, rules in sorted(found.items())}


def _all_of(rules: list[dict[str, Any]]) -> dict[str, Any]:
    distinct = [each for n, each in enumerate(rules) if each not in rules[:n]]
    return distinct[0] if len(distinct) == 1 else {"allOf": distinct}


def _rules_of(service: str) -> dict[str, dict[str, Any]]:
    properties = settings_of(service).model_json_schema(schema_generator=_WithSecrets)["properties"]
    return {
        name: {word: value for word, value in each.items() if word not in NOT_A_RULE}
        for name, each in properties.items()
    }


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}
