"""Rules over HTTP: `GET` and `POST /2/tweets/search/stream/rules`, with partial success and dry runs."""

import time
from collections.abc import Sequence

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from sandbox.x.bodies import body_of, json_answer
from sandbox.x.problems import Problem, invalid_request, missing
from sandbox.x.rule_book import Rule, RuleBook
from sandbox.x.tokens import Tokens
from sandbox.x.writing import time_json


class NewRule(BaseModel):
    """A rule to add."""

    model_config = ConfigDict(extra="forbid")

    value: str
    tag: str | None = None


class RulesToDelete(BaseModel):
    """Rules to delete, by id or by text."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] | None = None
    values: list[str] | None = None


class RulesChange(BaseModel):
    """Exactly one of the two, unless the query says `delete_all=true`."""

    model_config = ConfigDict(extra="forbid")

    add: list[NewRule] | None = None
    delete: RulesToDelete | None = None


class RuleRoutes:
    """Changes and lists the rule book."""

    def __init__(self, *, rules: RuleBook, tokens: Tokens) -> None:
        self._rules = rules
        self._tokens = tokens

    def routes(self) -> list[web.RouteDef]:
        """Give both addresses."""
        path = "/2/tweets/search/stream/rules"
        return [web.get(path, self._list), web.post(path, self._change)]

    async def _list(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        wanted = {each for each in request.query.get("ids", "").split(",") if each}
        found = [rule.as_json() for rule in self._rules.rules() if not wanted or str(rule.id) in wanted]
        meta = {"sent": _now(), "result_count": len(found)}
        return json_answer({"data": found, "meta": meta} if found else {"meta": meta})

    async def _change(self, request: web.Request) -> web.Response:
        self._tokens.app_of(request)
        dry_run = request.query.get("dry_run", "").lower() == "true"
        if request.query.get("delete_all", "").lower() == "true":
            return self._delete(self._rules.rules(), [], dry_run=dry_run)
        change = await body_of(request, RulesChange)
        match change:
            case RulesChange(add=list(new), delete=None):
                return self._add(new, dry_run=dry_run)
            case RulesChange(add=None, delete=RulesToDelete() as doomed):
                return self._delete(*self._named(doomed), dry_run=dry_run)
            case _:
                raise invalid_request("Exactly one of `add` or `delete` must be given.")

    def _add(self, new: Sequence[NewRule], *, dry_run: bool) -> web.Response:
        """Add what can be added; rules that cannot are told beside it and are no error of the call."""
        outcomes = [self._rules.add(each.value, each.tag, dry_run=dry_run) for each in new]
        created = [outcome.as_json() for outcome in outcomes if isinstance(outcome, Rule)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
        summary = {
            "created": len(created),
            "not_created": len(refused),
            "valid": len(created),
            "invalid": len(refused),
        }
        return _answer(201, data=created, summary=summary, refused=refused)

    def _named(self, doomed: RulesToDelete) -> tuple[list[Rule], list[Problem]]:
        looked_up = [(each, self._rules.with_id(each)) for each in doomed.ids or ()]
        looked_up += [(each, self._rules.with_value(each)) for each in doomed.values or ()]
        if not looked_up:
            raise invalid_request("`delete` needs `ids` or `values`.")
        found = [rule for _, rule in looked_up if rule is not None]
        return found, [missing("rule", asked) for asked, rule in looked_up if rule is None]

    def _delete(self, doomed: Sequence[Rule], absent: Sequence[Problem], *, dry_run: bool) -> web.Response:
        for rule in {rule.id: rule for rule in doomed}.values():
            if not dry_run:
                self._rules.delete(rule)
        summary = {"deleted": len(doomed), "not_deleted": len(absent)}
        return _answer(200, data=[], summary=summary, refused=absent)


def _answer(
    status: int, *, data: list[dict[str, str]], summary: dict[str, int], refused: Sequence[Problem]
) -> web.Response:
    parts = {
        "data": data,
        "meta": {"sent": _now(), "summary": summary},
        "errors": [problem.as_json() for problem in refused],
    }
    return json_answer({key: value for key, value in parts.items() if value}, status=status)


def _now() -> str:
    return time_json(int(time.time() * 1000))
