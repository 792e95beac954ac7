"""What every command promises: help, one JSON document, one line for a mistake, a documented exit code."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from biasgate.cli.app import app


def commands() -> Iterator[tuple[str, ...]]:
    """The path of every command."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if subcommands := getattr(command, "commands", None):
            for name, inner in subcommands.items():
                yield from walk(inner, (*path, name))
        else:
            yield path

    return walk(typer.main.get_command(app), ())


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_explains_itself_and_offers_json(path: tuple[str, ...], biasgate: Callable[..., Any]) -> None:
    ended = biasgate(*path, "--help")
    assert ended.code == 0
    assert "--json" in click.unstyle(ended.out)


def test_the_version_is_printed(biasgate: Callable[..., Any]) -> None:
    ended = biasgate("--version")
    assert (ended.code, ended.out.strip().count(".")) == (0, 2)


def test_an_unknown_option_is_a_usage_error(biasgate: Callable[..., Any]) -> None:
    assert biasgate("scan", "--nonsense").code == 2


def test_a_mistake_is_one_line_on_stderr_and_one_document_on_stdout(biasgate: Callable[..., Any]) -> None:
    ended = biasgate("data", "describe", "absent.yaml", "--json")
    assert ended.code == 3
    assert ended.err.count("\n") == 1
    assert json.loads(ended.out)["error"]["where"] == "absent.yaml"


def test_describe_counts_each_attribute_value(biasgate: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "gate.yaml"
    source.write_text(
        "schema: biasgate/data-source/v1\nname: gate\ndata: {kind: digits}\nrole: gate\nplanting: {kind: twins}\n"
    )
    described = json.loads(biasgate("data", "describe", source, "--json").out)
    rows = {(row["attribute"], row["value"]): row for row in described["counts"]}
    assert rows["all", "all"]["clusters"] == 750
    assert rows["all", "all"]["samples"] == 1500
    assert rows["alignment", "aligned"]["samples"] == rows["alignment", "conflicting"]["samples"] == 750


def test_a_key_is_never_overwritten(biasgate: Callable[..., Any], tmp_path: Path) -> None:
    made = json.loads(biasgate("keys", "generate", tmp_path / "keys", "--json").out)
    before = Path(made["private"]).read_bytes()
    assert biasgate("keys", "generate", tmp_path / "keys").code == 3
    assert Path(made["private"]).read_bytes() == before


def test_compiling_names_the_files_it_wrote(biasgate: Callable[..., Any], tmp_path: Path) -> None:
    written = json.loads(biasgate("kfp", "compile", "--into", tmp_path, "--json").out)
    assert [Path(path).name for path in written] == [
        "architecture_audit.yaml", "gate.yaml", "meta_classifier.yaml", "sweep.yaml",
    ]  # fmt: skip
    assert all(Path(path).is_file() for path in written)


def test_a_ready_policy_is_shown_as_it_is_shipped(biasgate: Callable[..., Any]) -> None:
    assert "schema: biasgate/policy/v1" in biasgate("policy", "show", "digits_demo").out
