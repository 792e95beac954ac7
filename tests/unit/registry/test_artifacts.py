from __future__ import annotations

import pytest

from biasgate.errors import CandidateError
from biasgate.registry.artifacts import download


@pytest.mark.parametrize(
    ("uri", "tracking"),
    [
        ("https://example.org/model", "sqlite:///mlflow.db"),
        ("ftp://example.org/model", "https://mlflow.example.org"),
        ("/etc", "https://mlflow.example.org"),
        ("file:///etc", "https://mlflow.example.org"),
        ("../outside", "sqlite:///mlflow.db"),
    ],
)
def test_files_outside_the_artifact_store_are_not_fetched(uri, tracking, tmp_path):
    with pytest.raises(CandidateError, match="do not lie in the artifact store"):
        download(uri, tmp_path, tracking_uri=tracking)


def test_only_files_come_back_in_their_folders(tmp_path):
    store, into = tmp_path / "store", tmp_path / "into"
    (store / "deep").mkdir(parents=True)
    (store / "deep" / "a.json").write_text("[]")
    download(str(store), into, tracking_uri="sqlite:///mlflow.db")
    assert [path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()] == ["deep/a.json"]


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("biasgate.registry.artifacts.MOST_FILES", 2)
    (tmp_path / "store").mkdir()
    for number in range(3):
        (tmp_path / "store" / str(number)).write_text("x")
    with pytest.raises(CandidateError, match="more than 2 files"):
        download(str(tmp_path / "store"), tmp_path / "into", tracking_uri="sqlite:///mlflow.db")
