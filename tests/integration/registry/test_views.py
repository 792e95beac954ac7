"""What the log says, on one screen, for a monitor, and as pages for whoever has only the bucket."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


@pytest.fixture
def command(gate, tmp_path, monkeypatch):
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    monkeypatch.setenv("BIASGATE_LOG", gate.log)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def told(served_twice, submit, gate):
    """Version 2 serves, one candidate waits for a person, one was rejected."""
    submit(3.0, flagged=True)
    submit(4.0, accuracy=0.5)
    gate.promote()
    return gate


def test_one_screen_says_what_serves_waits_and_was_refused(told, command, name):
    said = command("status", name).stdout
    for words in (
        "serves",
        "version 2: APPROVED",
        f"{name}-candidates/3",
        "a person must sign",
        "REJECTED",
        "looks left",
    ):
        assert words in said
    found = json.loads(command("status", "--json").stdout)["models"][0]
    assert (found["serves"]["version"], len(found["waiting"]), len(found["refused"])) == ("2", 1, 1)


def test_a_model_that_nobody_knows_is_a_sentence(told, command):
    ended = command("status", "loans")
    assert ended.exit_code != 0
    assert "knows nothing of this model" in str(ended.exception)


def test_metrics_name_the_champion(told, command, name):
    assert (
        f'biasgate_champion{{model="{name}",version="2",verdict="APPROVED"}} 1'
        in command("log", "metrics", told.log).stdout.splitlines()
    )


def test_the_site_has_a_report_a_decision_and_all_its_links_lead_somewhere(told, command, name, tmp_path):
    folder = tmp_path / "site"
    assert command("log", "site", told.log, "--into", str(folder)).exit_code == 0
    pages = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))
    assert pages[-2:] == ["index.html", f"models/{name}.html"]
    assert len([page for page in pages if page.startswith("entries/")]) == 4
    for page in map(Path, pages):
        text = (folder / page).read_text()
        for link in re.findall(r'href="([^"#]+)"', text):
            assert not re.match("[a-z]+:|/", link), "a link of a bucket is relative"
            assert (folder / page.parent / link).resolve().is_file()
        assert "<script" not in text
    history = (folder / "models" / f"{name}.html").read_text()
    assert "Signed by gate (key" in history
    assert "Signed by promoter (key" in history
