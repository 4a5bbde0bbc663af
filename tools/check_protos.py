"""Protos: buf lint, and buf breaking against the last release, without a network.

buf resolves imports among the modules it is given; google/rpc lies in the environment, so a scratch workspace under
.cache holds a link to our protos and a copy of what they import from there.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import google.rpc
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKSPACE = ROOT / ".cache" / "buf"
OUTSIDE = "outside"

BORROWED = ("google/rpc/status.proto", "google/rpc/error_details.proto", "google/rpc/code.proto")
"""All of google.rpc that a proto of ours may import."""


def main() -> int:
    """Lint; then compare with the last release tag, if there is one yet."""
    prepare(WORKSPACE, protos=ROOT / "protos")
    wrong = buf("lint", "protos")
    tag = git("describe", "--tags", "--abbrev=0", "--match", "v*")
    if not tag:
        print("buf breaking: skipped, there is no release tag yet.")
        return wrong
    return wrong or breaking_since(tag)


def prepare(workspace: Path, *, protos: Path) -> None:
    """Lay out a workspace of two modules: ours, and what it borrows."""
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(protos, workspace / "protos")
    source = Path(next(iter(google.rpc.__path__))).parents[1]
    for name in BORROWED:
        (workspace / OUTSIDE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, workspace / OUTSIDE / name)
    settings = yaml.safe_load((ROOT / "buf.yaml").read_text())
    settings["modules"].append({"path": OUTSIDE})
    (workspace / "buf.yaml").write_text(yaml.safe_dump(settings))


def breaking_since(tag: str) -> int:
    """Compare our protos with those of a release."""
    old = WORKSPACE.with_name("buf-released")
    archive = WORKSPACE.with_name("released.tar")
    shutil.rmtree(old.with_suffix(".tree"), ignore_errors=True)
    git("archive", "--output", str(archive), tag, "protos")
    shutil.unpack_archive(archive, old.with_suffix(".tree"))
    prepare(old, protos=old.with_suffix(".tree") / "protos")
    return buf("breaking", "protos", "--against", str(old / "protos"))


def buf(*arguments: str) -> int:
    """Run buf in the workspace."""
    program = Path(sysconfig.get_path("scripts")) / "buf"
    return subprocess.run([program, *arguments], cwd=WORKSPACE, check=False).returncode  # noqa: S603 - our own arguments


def git(*arguments: str) -> str:
    """Ask git; empty when it has no answer."""
    asked = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607 - our own arguments; git is the machine's
    return asked.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
