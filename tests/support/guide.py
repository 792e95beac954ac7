"""The guide's pages, and the blocks in them that a reader runs or saves."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "benchmarks/REPORT.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks" / "report").glob("*.md")),
]
RUN = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
"""Pages whose commands are run."""
BLOCK = re.compile(
    r"^(?:(?P<indent> *)<!-- not run: (?P<reason>[^>]+?) -->\n)?"
    r" *```(?P<kind>\w*)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: ``file`` is the name that a reader saves it under, ``reason`` why its commands are not run."""

    kind: str
    text: str
    file: str | None
    reason: str | None


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in order."""
    return [Block(m["kind"], m["text"], m["file"], m["reason"]) for m in BLOCK.finditer(page.read_text())]


def name(page: Path) -> str:
    """A page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def environment(home: Path) -> dict[str, str]:
    """The caller's, without what would point a command at another registry, log or key."""
    others = ("BIASGATE_", "MLFLOW_", "AWS_", "KF_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    return kept | {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}", "COLUMNS": "160", "TMPDIR": str(home)}
