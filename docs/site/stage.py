"""Gathers the site's pages into ``build/``: ``python docs/site/stage.py``; ``make docs`` builds the site from there.

Pages come from docs/, from elsewhere in the repository (README is the first page), and, for the reference, from the
code. A link that is right in the repository is turned into one that is right on the site.
"""

from __future__ import annotations

import re
import shutil
from itertools import groupby
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

import yaml
from reference import pages

import biasgate

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
ELSEWHERE = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "benchmarks/REPORT.md"]
LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)]*)?\))")


def main() -> None:
    """Writes ``build/pages`` and the configuration that names every page of it."""
    shutil.rmtree(BUILD / "pages", ignore_errors=True)
    for source in sources():
        target = BUILD / "pages" / place(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".md"):
            target.write_text(turned((ROOT / source).read_text(), source))
        else:
            shutil.copy(ROOT / source, target)
    reference = pages()
    for path, text in reference.items():
        target = BUILD / "pages" / "reference" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (BUILD / "mkdocs.yml").write_text(yaml.safe_dump(configuration(sorted(reference)), sort_keys=False))


def sources() -> list[str]:
    """Every page, notebook, picture and style that is written by hand, by its path in the repository."""
    kinds = {".css", ".ipynb", ".md", ".png", ".svg"}
    found = [path for folder in ("docs", "benchmarks/report", "examples") for path in (ROOT / folder).rglob("*")]
    return ELSEWHERE + sorted(path.relative_to(ROOT).as_posix() for path in found if path.suffix in kinds)


def place(source: str) -> str:
    """Where a file of the repository is among the pages."""
    return "index.md" if source == "README.md" else source.removeprefix("docs/").lower()


def turned(text: str, source: str) -> str:
    """A page with its relative links turned from the repository's to the site's."""
    here = dirname(place(source)) or "."

    def moved(link: re.Match[str]) -> str:
        target = place(normpath(f"{dirname(source) or '.'}/{link[2]}"))
        return f"{link[1]}{relpath(target, here)}{link[3]}"

    return LINK.sub(moved, text)


def configuration(reference: list[str]) -> dict[str, Any]:
    """The site's configuration with what no person lists: records of decisions, the report, the reference."""
    config = yaml.safe_load(Path(__file__).with_name("mkdocs.yml").read_text())
    config["site_name"] = f"biasgate {biasgate.__version__}"
    written = [place(source) for source in sources() if source.endswith(".md")]
    project = ["contributing.md", "changelog.md", "security.md"]
    config["nav"] += [
        {"Reference": _nav(reference)},
        {"Measured": [page for page in written if page.startswith("benchmarks/")]},
        {"Project": [*project, {"Decisions": [page for page in written if page.startswith("adr/")]}]},
    ]
    return config


def _nav(reference: list[str]) -> list[Any]:
    """Pages by their folder, those without one first."""
    inside = groupby(sorted(reference, key=dirname), dirname)
    folders = {folder: [f"reference/{path}" for path in paths] for folder, paths in inside}
    return folders.pop("") + [{folder.capitalize(): paths} for folder, paths in folders.items()]


if __name__ == "__main__":
    main()
