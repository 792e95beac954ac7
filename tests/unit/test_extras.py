"""A library that is not installed is one sentence with the line that installs it."""

import tomllib
from pathlib import Path

import pytest

from biasgate.errors import MissingExtraError
from biasgate.extras import EXTRA_OF, needs

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OF_ONE_SITE = {"awskms", "azurekms", "gcpkms", "hsm", "vault"}
"""Where keys are kept: each site installs its own, and ``all`` none."""


def test_a_missing_library_is_one_sentence_with_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRA_OF, "no_such_library", "faces")
    with pytest.raises(MissingExtraError) as raised:
        needs("no_such_library")
    assert str(raised.value) == "no_such_library is not installed: pip install 'biasgate[faces]'"


def test_an_installed_library_is_no_error() -> None:
    needs("torch")


def test_every_extra_that_is_named_can_be_installed_and_all_brings_each() -> None:
    assert set(EXTRA_OF.values()) <= EXTRAS.keys()
    (everything,) = EXTRAS["all"]
    named = set(everything.removeprefix("biasgate[").removesuffix("]").split(","))
    assert named == EXTRAS.keys() - {"all", "dev", "docs", "gpu"} - OF_ONE_SITE
