"""Without kfp the commands that need it say how to install it, and all others work."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_kfp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kfp", None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("kfp", "compile"),
        ("kfp", "run", "gate"),
        ("kfp", "submit", "gate", "--endpoint", "http://127.0.0.1:1"),
        ("kfp", "status", "some-run", "--endpoint", "http://127.0.0.1:1"),
        ("demo",),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_command_that_needs_kfp_ends_in_one_line_that_installs_it(
    biasgate, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = biasgate(*arguments)
    assert ended.code == 3
    assert ended.err.splitlines()[-1] == "biasgate: kfp is not installed: pip install 'biasgate[kubeflow]'"


def test_help_needs_no_kfp(biasgate) -> None:
    assert biasgate("kfp", "submit", "--help").code == 0
