"""Bodies: JSON in, checked against a schema that refuses unknown fields, or a form; JSON out."""

from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from sandbox.x.problems import Problem, invalid_request
from sandbox.x.snowflake_ids import number_in

Body = TypeVar("Body", bound=BaseModel)

FORM_FIELDS_MAX = 100
"""The longest form here has nine."""


async def body_of(request: web.Request, schema: type[Body]) -> Body:
    """Read a JSON body; whatever does not fit the schema is X's Invalid Request."""
    try:
        return schema.model_validate_json(await request.read() or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"]) or "body"
        raise invalid_request(f"$.{place}: {first['msg']}", parameters={place: []}) from error


async def form_of(request: web.Request) -> dict[str, str]:
    """Read a urlencoded form, the only kind X takes; a body of another kind has no fields."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    written = (await request.read()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(written, max_num_fields=FORM_FIELDS_MAX))
    except ValueError as error:
        raise invalid_request(f"the form cannot be read: {error}") from error


def json_answer(body: object, *, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def problem_answer(problem: Problem) -> web.Response:
    """Answer with a problem, in X's media type for it."""
    return web.Response(
        body=orjson.dumps(problem.as_json()), status=problem.status, content_type="application/problem+json"
    )


def id_in_path(request: web.Request, name: str) -> int:
    """Read a numeric id from the path."""
    return id_of(request.match_info[name])


def id_of(written: str) -> int:
    """Read a numeric id."""
    if (read := number_in(written)) is None:
        raise invalid_request(f"[{written}] is not a valid id", parameters={"id": [written]})
    return read
