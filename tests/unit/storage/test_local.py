"""Files on a local disk."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from biasgate.errors import InputError
from biasgate.storage import local, store


def test_what_is_written_is_read_and_replaced(tmp_path: Path) -> None:
    uri = store.join(str(tmp_path), "new", "folder", "file.bin")
    for data in (b"first", b"second, longer", b""):
        store.write_bytes(uri, data)
        assert store.read_bytes(uri) == data


def test_a_file_at_the_limit_is_read_and_one_above_is_refused(tmp_path: Path) -> None:
    uri = str(tmp_path / "file")
    store.write_bytes(uri, b"12345")
    assert store.read_bytes(uri, limit=5) == b"12345"
    with pytest.raises(InputError, match="5 bytes, more than the 4 allowed"):
        store.read_bytes(uri, limit=4)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file.*absent"):
        store.read_bytes(str(tmp_path / "absent"))


@pytest.mark.parametrize("ask", [store.list_uris, store.list_names, store.exists, store.read_bytes])
def test_a_place_that_cannot_be_looked_at_is_named(ask: Callable[[str], object], tmp_path: Path) -> None:
    place = str(tmp_path / ("x" * 300))
    with pytest.raises(InputError, match="name too long") as caught:
        ask(place)
    assert caught.value.where == place


def test_names_are_those_below_a_folder_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_bytes(str(tmp_path / "marks" / "a" / "b"), b"")
    monkeypatch.chdir(tmp_path)
    for written in ("marks", "./marks", "marks/", ".//marks/.", str(tmp_path / "marks")):
        assert store.list_names(written) == ["a/b"]


def test_a_named_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        store.read_bytes(str(tmp_path / "pipe"))


def test_a_full_disk_is_explained_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = str(tmp_path / "file")
    store.write_bytes(uri, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(local.os, "fsync", full)
    with pytest.raises(InputError, match="the disk is full"):
        store.write_bytes(uri, b"new")
    assert store.read_bytes(uri) == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_of_racing_writers_exactly_one_wins_and_its_bytes_stay(tmp_path: Path) -> None:
    uri = str(tmp_path / "entry")
    payloads = [bytes([i]) * 100_000 for i in range(16)]
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda data: store.put_if_absent(uri, data), payloads))
    assert sum(won) == 1
    assert store.read_bytes(uri) == payloads[won.index(True)]
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_a_file_where_a_folder_is_needed_is_an_error_and_not_a_lost_race(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file exists"):
        store.put_if_absent(str(tmp_path / "file" / "entry"), b"x")


def test_a_listing_is_sorted_recursive_and_hides_unfinished_files(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a/b/c", f"a/{local.PARTIAL}1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert store.list_uris(f"{tmp_path}/") == [f"{tmp_path}/{name}" for name in ("a/b/c", "a/z", "b")]
    assert store.list_uris(str(tmp_path / "absent")) == []


def test_only_files_exist(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert store.exists(str(tmp_path / "file"))
    assert not store.exists(str(tmp_path))
    assert not store.exists(str(tmp_path / "absent"))


def test_a_folder_is_copied_with_its_subfolders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("src/deep").mkdir(parents=True)
    Path("src/.hidden").write_bytes(b"1")
    Path("src/deep/file").write_bytes(b"2")
    store.upload(Path("src"), "there")
    monkeypatch.chdir("there")
    assert store.download(".", tmp_path / "back") == tmp_path / "back"
    assert store.list_uris(str(tmp_path / "back")) == [f"{tmp_path}/back/.hidden", f"{tmp_path}/back/deep/file"]
    assert store.read_bytes(str(tmp_path / "back/deep/file")) == b"2"


def test_a_file_is_copied_into_a_folder_or_to_a_new_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    assert store.download(str(tmp_path / "file"), tmp_path / "folder") == tmp_path / "folder" / "file"
    assert store.download(str(tmp_path / "file"), tmp_path / "other") == tmp_path / "other"
    assert (tmp_path / "other").read_bytes() == b"x"


@pytest.mark.parametrize("copy", [lambda p: store.download(str(p), p / "to"), lambda p: store.upload(p, str(p / "to"))])
def test_copying_from_where_nothing_is_fails(tmp_path: Path, copy) -> None:
    with pytest.raises(InputError, match=r"nothing is there|no file to upload"):
        copy(tmp_path / "absent")


def test_a_symbolic_link_out_of_an_uploaded_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="symbolic link leaves"):
        store.upload(tmp_path / "folder", str(tmp_path / "to"))
    assert not (tmp_path / "to").exists()
