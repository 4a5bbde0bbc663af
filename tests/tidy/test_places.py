import re
import tomllib

from tests.tidy.tree import ROOT, sources, tracked

TEXTS = tuple(".py .toml .md .yaml .yml .sh .sql .html .proto .txt .lock .ini .cfg .json".split())  # noqa: SIM905 - one line

# Built from pieces, so that this file does not hold what it looks for.
ELSEWHERE = re.compile(
    "|".join(
        [
            "/wo" + "rk/",
            "/root" + "/",
            r"/home/\w+/",
            "/opt/" + "wheels",
            "/opt/" + "pypi",
            "pypi" + r"\.org",
            "pythonhosted" + r"\.org",
        ]
    )
)

FIXED_PORT = re.compile(r"(127\.0\.0\.1|localhost|0\.0\.0\.0):[1-9][0-9]{2,4}\b")

NOT_OPENED = ("tests/tidy/", "libs/chassis/tests/rpc/test_settings.py")
"""Files that only read addresses as text."""

SECRET = re.compile(r"\b(ghp|gho|glpat|pypi|xox[abp]|AKIA|sk_live)[-_][A-Za-z0-9_-]{16,}")


def test_no_file_names_a_machine_a_registry_or_a_token() -> None:
    found = [
        f"{name}: {hit[0]}" for name, text in _texts() for hit in (ELSEWHERE.search(text), SECRET.search(text)) if hit
    ]

    assert not found, "\n".join(found)


def test_tests_open_no_fixed_port() -> None:
    fixed = [
        f"{source.path}:{number} {line.strip()}"
        for source in sources()
        if source.is_test and not source.path.startswith(NOT_OPENED)
        for number, line in enumerate(source.text.splitlines(), 1)
        if FIXED_PORT.search(line)
    ]

    assert not fixed, "\n".join(fixed)


def test_the_lock_pins_by_hash_and_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^[A-Za-z0-9._-]+==\S+", lock, re.MULTILINE)

    assert "://" not in lock
    assert packages
    assert len(re.findall(r"^[A-Za-z].*\\\n    --hash=sha256:", lock, re.MULTILINE)) == len(packages)


def test_the_lock_holds_every_dependency_we_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = {
        _canonical(name)
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    }

    assert {_canonical(re.split(r"[\[<>=!~; ]", each)[0]) for each in named} - locked == set()


def test_every_rule_we_switch_off_has_its_reason() -> None:
    lines = (
        (ROOT / "pyproject.toml").read_text().split("[tool.ruff.lint]", 1)[1].split("[tool.ruff.lint.pydocstyle]", 1)[0]
    )
    off = [line for line in lines.splitlines() if re.search(r'"[A-Z]+[0-9]+"|"D"', line)]

    assert off
    assert [line for line in off if "#" not in line] == []


def test_every_exception_in_the_code_has_its_reason() -> None:
    bare = [
        f"{source.path}:{number}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), 1)
        if re.search(r"# (noqa: [A-Z0-9, ]+|type: ignore\[[\w, -]+\])\s*$", line)
    ]

    assert not bare, "\n".join(bare)


def _texts() -> list[tuple[str, str]]:
    return [
        (name, (ROOT / name).read_text())
        for name in tracked()
        if name.endswith(TEXTS) or "." not in name.rsplit("/", 1)[-1]
    ]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
