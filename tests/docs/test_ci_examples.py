"""The workflow that a reader copies into a repository runs what the page runs, with extras and files that there are."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml
from guide import ROOT, blocks
from packaging.specifiers import SpecifierSet

PAGE = ROOT / "docs" / "how-to" / "ci.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    """The file as GitHub reads it: ``on`` is a word there, and no truth value."""
    (text,) = (block.text for block in blocks(PAGE) if block.file == "bias.yml")
    return yaml.load(text, Loader=yaml.BaseLoader)


@pytest.fixture(scope="module")
def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    (job,) = workflow["jobs"].values()
    assert set(job) == {"runs-on", "steps"}
    return job["steps"]


def test_it_runs_before_a_merge_and_may_write_findings_and_nothing_else(workflow) -> None:
    assert set(workflow) == {"name", "on", "permissions", "jobs"}
    assert workflow["on"] == "pull_request"
    assert workflow["permissions"] == {"contents": "read", "security-events": "write"}


def test_each_step_is_a_command_or_an_action_of_a_named_version(steps) -> None:
    for step in steps:
        assert ("run" in step) != ("uses" in step)
        assert set(step) <= {"run", "uses", "with", "if"}
        assert re.fullmatch(r"[\w-]+(/[\w-]+)+@v\d+", step.get("uses", "owner/action@v1"))


def test_its_check_is_the_one_that_the_page_runs(steps) -> None:
    (command,) = (step["run"] for step in steps if step.get("run", "").startswith("biasgate "))
    run = "\n".join(block.text for block in blocks(PAGE) if block.kind == "bash" and not block.reason)
    assert command in [line.split(" || ")[0] for line in run.splitlines()]


def test_it_installs_extras_that_there_are_for_a_python_that_will_do(steps) -> None:
    (extras,) = (found for step in steps for found in re.findall(r"biasgate\[([\w,]+)\]", step.get("run", "")))
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    (version,) = (step["with"]["python-version"] for step in steps if "setup-python" in step.get("uses", ""))
    assert version in SpecifierSet(PROJECT["requires-python"])


def test_the_findings_are_shown_also_when_the_check_failed(steps) -> None:
    (command,) = (step["run"] for step in steps if "--sarif" in step.get("run", ""))
    (shown,) = (step for step in steps if "upload-sarif" in step.get("uses", ""))
    assert f"--sarif {shown['with']['sarif_file']}" in command
    assert shown["if"] == "always()"
