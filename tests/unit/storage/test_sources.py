from __future__ import annotations

from pathlib import Path

import pytest

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.storage.sources import LIMIT, built_in_names, read_document, source_text


class Note(Document):
    title: str


@pytest.fixture
def built_in(tmp_path: Path) -> Path:
    folder = tmp_path / "built_in"
    folder.mkdir()
    for name in ("second", "first"):
        (folder / f"{name}.yaml").write_text(f"title: {name}\n")
    return folder


def test_built_in_documents_go_by_their_names(built_in: Path) -> None:
    assert built_in_names(built_in) == ("first", "second")
    assert read_document(Note, "second", built_in=built_in) == Note(title="second")


def test_a_text_of_several_lines_is_the_document_itself(built_in: Path) -> None:
    assert read_document(Note, "title: mine\n", built_in=built_in) == Note(title="mine")


def test_a_name_of_nothing_is_answered_with_the_names_that_there_are(built_in: Path) -> None:
    with pytest.raises(InputError, match=r"no built-in one of this name \[thrid\]: .*first, second"):
        read_document(Note, "thrid", built_in=built_in)


@pytest.mark.parametrize("text", ['{"title": "mine"}', " {title: mine}"])
def test_a_mapping_in_braces_is_the_document_itself_on_one_line_too(text: str) -> None:
    assert read_document(Note, text) == Note(title="mine")
    with pytest.raises(InputError, match="the Note given as text"):
        read_document(Note, text.replace("title", "name"))


def test_files_are_read(built_in: Path) -> None:
    assert read_document(Note, f"{built_in}/first.yaml") == Note(title="first")


def test_an_error_says_which_document(built_in: Path) -> None:
    with pytest.raises(InputError, match="the Note given as text"):
        read_document(Note, "name: mine\n")
    with pytest.raises(InputError, match="third"):
        read_document(Note, str(built_in / "third"), built_in=built_in)


@pytest.mark.parametrize(("content", "reason"), [(b"\xff\xfe", "UTF-8"), (b"#" * (LIMIT + 1), "bytes")])
def test_no_text_and_too_much_of_it_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "note.yaml").write_bytes(content)
    with pytest.raises(InputError, match=reason):
        source_text(str(tmp_path / "note.yaml"))
