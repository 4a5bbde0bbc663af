"""Pages: which file of `docs/reference` is drawn by what."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from tools.reference.asyncapi import asyncapi_document
from tools.reference.events_page import events_page
from tools.reference.rpcs_page import rpcs_page
from tools.reference.settings_page import settings_page
from tools.stubs import ROOT

FOLDER = ROOT / "docs" / "reference"


@lru_cache(maxsize=1)
def drawn() -> Mapping[Path, str]:
    """Draw every page."""
    return {
        FOLDER / "rpcs.md": rpcs_page(),
        FOLDER / "events.md": events_page(),
        FOLDER / "asyncapi.yaml": asyncapi_document(),
        FOLDER / "settings.md": settings_page(),
    }


def write() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in drawn().items():
        path.write_text(text)


def stale() -> list[str]:
    """Name the pages whose file is missing or not what is drawn now."""
    return [
        str(path.relative_to(ROOT)) for path, text in drawn().items() if not path.exists() or path.read_text() != text
    ]
