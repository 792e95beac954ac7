from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import LookBody
from biasgate.gate.ledger.log import append, read_log


@pytest.fixture
def log(tmp_path, key, monkeypatch):
    """A log of three entries."""
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "keys" / "trusted"))
    for number in range(3):
        append(str(tmp_path / "log"), LookBody(data=f"d{number}", name="digits", digest="sha256:1"), key=key)
    return str(tmp_path / "log")


def biasgate(*arguments: str):
    return CliRunner().invoke(app, ["log", *arguments])


def cut(log: str, number: int) -> None:
    Path(log, "entries", f"{number:012d}.json").unlink()


def test_a_tail_that_was_cut_shows_against_a_checkpoint_and_only_there(log, trusted, tmp_path):
    head = str(tmp_path / "head.json")
    assert biasgate("checkpoint", log, "--keep", head, "--first").exit_code == 0
    assert biasgate("verify", log, "--checkpoint", head).exit_code == 0
    cut(log, 3)
    assert len(read_log(log, trusted)) == 2
    for command in (("verify", log, "--checkpoint", head), ("checkpoint", log, "--keep", head)):
        assert isinstance(failed := biasgate(*command).exception, TrustError)
        assert "it was cut" in str(failed)
    assert json.loads(Path(head).read_text())["entries"] == 3


def test_a_tail_that_was_cut_and_grown_again_shows(log, key, tmp_path):
    head = str(tmp_path / "head.json")
    biasgate("checkpoint", log, "--keep", head, "--first")
    cut(log, 3)
    for _ in range(2):
        append(log, LookBody(data="other", name="digits", digest="sha256:1"), key=key)
    assert "not the one" in str(biasgate("verify", log, "--checkpoint", head).exception)


def test_a_checkpoint_moves_on_with_the_log(log, key, tmp_path):
    head = str(tmp_path / "head.json")
    biasgate("checkpoint", log, "--keep", head, "--first")
    append(log, LookBody(data="d", name="digits", digest="sha256:1"), key=key)
    assert json.loads(biasgate("checkpoint", log, "--keep", head, "--json").stdout)["entries"] == 4
    assert json.loads(biasgate("checkpoint", log).stdout)["entries"] == 4
    assert biasgate("verify", log, "--checkpoint", head).exit_code == 0


def test_a_checkpoint_that_is_missing_or_none_is_no_pass(log, tmp_path):
    (tmp_path / "wrong.json").write_text("{}")
    for file in ("none.json", "wrong.json"):
        assert isinstance(biasgate("verify", log, "--checkpoint", str(tmp_path / file)).exception, InputError)
    shutil.rmtree(log)
    first = biasgate("checkpoint", log, "--keep", str(tmp_path / "head.json"), "--first")
    assert isinstance(first.exception, InputError)


def test_a_kept_checkpoint_that_is_gone_is_an_error_and_not_a_new_start(log, tmp_path):
    head = tmp_path / "head.json"
    biasgate("checkpoint", log, "--keep", str(head), "--first")
    head.unlink()
    assert "is gone" in str(biasgate("checkpoint", log, "--keep", str(head)).exception)
    assert not head.exists()


def test_the_first_checkpoint_replaces_none(log, tmp_path):
    head = str(tmp_path / "head.json")
    biasgate("checkpoint", log, "--keep", head, "--first")
    assert isinstance(biasgate("checkpoint", log, "--keep", head, "--first").exception, InputError)
