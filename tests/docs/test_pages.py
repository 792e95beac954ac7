"""Every link of the guide leads somewhere, every command that it names exists, and a page fits a sitting."""

import re
from pathlib import Path

import pytest
import typer
from guide import PAGES, ROOT, blocks, name
from typer.core import TyperGroup

from biasgate.cli.app import app

LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?<!-n )biasgate((?: [a-z][a-z-]*)+)")
TARGET = re.compile(r"make ([a-z-]+)")
SITTING = 175
LONGER = {"CHANGELOG.md", "benchmarks/report/meta_classifier.md", "benchmarks/report/repair.md"}
"""Pages that are looked things up in."""


def code(page: Path) -> str:
    """What a page has in code spans and in blocks that a reader runs, a line each."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text())
    return "\n".join([*spans, *(block.text for block in blocks(page) if block.kind == "bash")])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file_or_to_a_page_made_from_the_code(page: Path, reference: set[str]) -> None:
    for link in LINK.findall(page.read_text()):
        target = (page.parent / link).resolve()
        inside = target.relative_to(ROOT).as_posix()
        assert target.exists() or inside.removeprefix("docs/reference/") in reference, link


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name)
def test_every_command_and_make_target_that_a_page_names_exists(page: Path) -> None:
    root, said = typer.main.get_command(app), code(page)
    for words in COMMAND.findall(said):
        command = root
        for word in words.split():
            if not isinstance(command, TyperGroup):
                break
            assert word in command.commands, f"biasgate{words}"
            command = command.commands[word]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {target for line in said.splitlines() for target in TARGET.findall(line)[:1]} <= targets


@pytest.mark.parametrize("page", [page for page in PAGES if name(page) not in LONGER], ids=name)
def test_a_page_fits_a_sitting(page: Path) -> None:
    assert len(page.read_text().splitlines()) <= SITTING


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_block_says_what_it_is(page: Path) -> None:
    assert all(block.kind for block in blocks(page))
