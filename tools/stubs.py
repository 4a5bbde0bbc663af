"""Stubs: generate Python, types and gRPC from `protos/` into `libs/stubs/src`, or with --check say what differs."""

import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

import google.rpc
import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "libs" / "stubs" / "src"

PACKAGE = "hashtill"
"""The proto packages' root is the Python package's root; nothing else lives in the stubs' folder."""

INCLUDES = (PROTOS, Path(grpc_tools.__file__).parent / "_proto", Path(next(iter(google.rpc.__path__))).parents[1])
"""Our protos, Google's well-known types, and google.rpc from the package that also carries its Python."""

PLUGINS = tuple(Path(sys.executable).parent / name for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc"))
"""Named by their place: nobody has to have the environment's programs on their path."""

PACKAGE_DOC = '"""Generated from protos/ by `make stubs`; never edited by hand."""\n'


def main(arguments: list[str]) -> int:
    """Generate; with --check only compare, and fail where the committed stubs differ."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(fresh)
        if "--check" in arguments:
            return report(differences(fresh / PACKAGE, STUBS / PACKAGE))
        changed = differences(fresh / PACKAGE, STUBS / PACKAGE)
        take_over(changed, fresh / PACKAGE, STUBS / PACKAGE)
    print(f"Stubs of {len(protos())} protos are current in {STUBS.relative_to(ROOT)}; {len(changed)} files changed.")
    return 0


def generate(target: Path) -> None:
    """Run protoc over every proto, and make each folder a typed package."""
    includes = [f"-I{folder}" for folder in INCLUDES]
    plugins = ("python_out=", "mypy_out=quiet:", "grpc_python_out=", "mypy_grpc_out=quiet:")
    outputs = [f"--{plugin}{target}" for plugin in plugins]
    programs = [f"--plugin={program.name}={program}" for program in PLUGINS]
    if protoc.main(["protoc", *programs, *includes, *outputs, *protos()]) != 0:
        sys.exit("protoc refused the protos; its message is above.")
    for hollow in (path for path in target.rglob("*_pb2_grpc.py*") if "Stub" not in path.read_text()):
        hollow.unlink()
    for folder in [target / PACKAGE, *(path for path in (target / PACKAGE).rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text(PACKAGE_DOC)
    (target / PACKAGE / "py.typed").touch()


def protos() -> list[str]:
    """List the protos by their path below `protos/`, sorted so that the outcome never depends on the disk."""
    return sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))


def differences(fresh: Path, committed: Path) -> list[str]:
    """Name the files that are missing, left over or different."""
    mine, theirs = _files(fresh), _files(committed)
    changed = [name for name in mine & theirs if not filecmp.cmp(fresh / name, committed / name, shallow=False)]
    return sorted([*(mine ^ theirs), *changed])


def take_over(changed: list[str], fresh: Path, committed: Path) -> None:
    """Write what changed and remove what is left over; the rest keeps its file, for those who run beside us."""
    for name in changed:
        (committed / name).parent.mkdir(parents=True, exist_ok=True)
        if (fresh / name).exists():
            shutil.copyfile(fresh / name, committed / name)
        else:
            (committed / name).unlink()


def report(different: list[str]) -> int:
    """Say what to do when the committed stubs are not those of the protos."""
    if not different:
        return 0
    print("The stubs are not those of protos/. Run `make stubs` and commit. Different:", *different, sep="\n  ")
    return 1


def _files(folder: Path) -> set[str]:
    ours = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in ours}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
