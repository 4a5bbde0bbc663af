import ast
import re
from collections.abc import Iterator

from tests.tidy.tree import Source, functions, sources

VAGUE = {"utils", "util", "common", "helpers", "misc"}

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic"}


def test_every_function_is_typed() -> None:
    untyped = [f"{each.where}: {', '.join(each.untyped)}" for each in functions() if each.untyped]

    assert not untyped, "\n".join(untyped)


def test_a_file_opens_with_one_sentence() -> None:
    wrong = [source.path for source in sources() if not source.is_test and not _opens_with_a_sentence(source)]

    assert not wrong, "\n".join(wrong)


def test_a_file_is_named_by_its_noun_or_verb() -> None:
    vague = [source.path for source in sources() if VAGUE & set(re.split(r"[/.]", source.path))]

    assert not vague, "\n".join(vague)


def test_the_rooms_that_decide_never_ask_a_clock() -> None:
    deciding = [source for source in sources() if re.search(r"/src/\w+/(domain|usecases)/", source.path)]
    asking = [f"{source.path}:{line} {name}" for source in deciding for line, name in _calls(source) if name in CLOCKS]

    assert not asking, "\n".join(asking)


def test_tests_wait_on_conditions_and_never_for_a_time() -> None:
    tests = [source for source in sources() if source.is_test]
    sleeping = [f"{source.path}:{line}" for source in tests for line, name in _calls(source) if name == "time.sleep"]

    assert not sleeping, "\n".join(sleeping)


def _opens_with_a_sentence(source: Source) -> bool:
    if not source.text.strip():
        return True
    first = (ast.get_docstring(source.tree) or "").split("\n", 1)[0]
    return first.endswith((".", ":", "?"))


def _calls(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ".".join(ast.unparse(node.func).split(".")[-2:])
