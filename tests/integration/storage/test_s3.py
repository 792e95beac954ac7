"""Storage against a real S3 server that verifies signatures."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from biasgate.errors import InputError, ServiceError
from biasgate.storage import store


@pytest.fixture
def folder(s3, request: pytest.FixtureRequest) -> str:
    """A prefix of the test's own."""
    return f"s3://{s3.bucket}/{request.node.name}"


def test_what_is_written_is_read_and_replaced(folder: str) -> None:
    uri = store.join(folder, "a name with spaces, ? and #")
    for data in (b"first", b"second", b""):
        store.write_bytes(uri, data)
        assert store.read_bytes(uri) == data


def test_a_large_object_is_refused_above_the_limit(folder: str) -> None:
    store.write_bytes(f"{folder}/five", b"12345")
    assert store.read_bytes(f"{folder}/five", limit=5) == b"12345"
    with pytest.raises(InputError, match="5 bytes, more than the 4 allowed"):
        store.read_bytes(f"{folder}/five", limit=4)


def test_what_is_missing_is_an_input_error(folder: str, tmp_path: Path) -> None:
    assert not store.exists(f"{folder}/absent")
    for read in (store.read_bytes, lambda uri: store.download(uri, tmp_path / "x")):
        with pytest.raises(InputError, match="absent"):
            read(f"{folder}/absent")
    with pytest.raises(InputError, match="no such bucket"):
        store.list_uris("s3://no-such-bucket/folder")


def test_a_file_of_many_parts_comes_back_whole(folder: str, tmp_path: Path) -> None:
    data = os.urandom(2**20) * 18 + b"tail"
    (tmp_path / "large").write_bytes(data)
    store.upload(tmp_path / "large", f"{folder}/large")
    assert store.download(f"{folder}/large", tmp_path / "back").read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "large"]


def test_of_racing_writers_exactly_one_wins_and_its_bytes_stay(folder: str) -> None:
    payloads = [f"writer {i}".encode() for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for entry in range(5):
            uri = f"{folder}/{entry}"
            won = list(pool.map(lambda data, uri=uri: store.put_if_absent(uri, data), payloads))
            assert sum(won) == 1
            assert store.read_bytes(uri) == payloads[won.index(True)]


def test_a_folder_travels_both_ways_and_its_neighbours_stay(folder: str, tmp_path: Path) -> None:
    (tmp_path / "src/deep").mkdir(parents=True)
    (tmp_path / "src/one").write_bytes(b"1")
    (tmp_path / "src/deep/two").write_bytes(b"2")
    store.write_bytes(f"{folder}/set-of-another/one", b"other")
    store.upload(tmp_path / "src", f"{folder}/set")
    assert store.list_uris(f"{folder}/set") == [f"{folder}/set/deep/two", f"{folder}/set/one"]
    back = store.download(f"{folder}/set/", tmp_path / "back")
    assert {uri.removeprefix(str(back)): store.read_bytes(uri) for uri in store.list_uris(str(back))} == {
        "/deep/two": b"2",
        "/one": b"1",
    }


def test_a_listing_has_every_page(folder: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda i: store.write_bytes(f"{folder}/{i:04}", b"x"), range(1010)))
    assert store.list_uris(folder) == [f"{folder}/{i:04}" for i in range(1010)]


def test_wrong_credentials_are_refused_without_naming_the_secret(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-passphrase")
    for call in (store.read_bytes, store.exists, store.list_uris, lambda uri: store.put_if_absent(uri, b"x")):
        with pytest.raises(ServiceError, match="403") as caught:
            call(f"{folder}/key")
        assert "passphrase" not in str(caught.value)


def test_a_dead_endpoint_is_a_service_error(
    folder: str, monkeypatch: pytest.MonkeyPatch, unused_port: int, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_port}")
    (tmp_path / "file").write_bytes(b"x")
    for call in (store.read_bytes, lambda uri: store.upload(tmp_path / "file", uri)):
        with pytest.raises(ServiceError, match="did not answer"):
            call(f"{folder}/key")
