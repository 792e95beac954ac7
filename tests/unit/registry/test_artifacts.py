"""What is fetched from the artifact store: plain files of the registry's own store, and no byte more than it lists."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from biasgate.errors import BiasgateError, CandidateError, ServiceError
from biasgate.registry import artifacts as room
from biasgate.registry.artifacts import download
from biasgate.registry.client import connect

SERVER = "https://mlflow.example.org"


class Store:
    """An artifact server that answers as it is told.

    Attributes:
        folders: What each folder lists: name, whether it is a folder, and size.
        files: What each path holds.
        drips: Whether files come byte by byte.
        moved: Where everything is said to have moved, if anywhere.
        asked: Paths that were asked for, with the credentials that came along.
    """

    def __init__(self) -> None:
        self.folders: dict[str, list[tuple[str, bool, object]]] = {}
        self.files: dict[str, bytes] = {}
        self.drips = False
        self.moved: str | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""


@pytest.fixture
def server() -> Iterator[Callable[[], Store]]:
    """Starts artifact servers."""
    running: list[ThreadingHTTPServer] = []

    def start() -> Store:
        store = Store()

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                store.asked.append((self.path, self.headers.get("Authorization")))
                path = asked.path.removeprefix("/api/2.0/mlflow-artifacts/artifacts")
                if store.moved:
                    self.send_response(302)
                    self.send_header("Location", store.moved + self.path)
                    self.end_headers()
                    return
                folder = parse_qs(asked.query).get("path", [""])[0]
                listed = [
                    dict(zip(("path", "is_dir", "file_size"), one, strict=True))
                    for one in store.folders.get(folder, [])
                ]
                body = json.dumps({"files": listed}).encode() if path == "" else store.files.get(path.strip("/"), b"")
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                step = 1 if store.drips and path else len(body) or 1
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    time.sleep(0.01 if store.drips else 0)

            def log_message(self, format: str, *args: object) -> None:
                pass

        made = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        running.append(made)
        store.url = f"http://127.0.0.1:{made.server_port}"
        return store

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.fixture
def store(server, monkeypatch) -> Store:
    """The registry's own store, with a file of three bytes; the tracking URI and credentials are set."""
    made = server()
    made.folders["v"] = [("a.json", False, 3)]
    made.files["v/a.json"] = b"[1]"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.url)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "ours")
    for name, value in {"MAX_RETRIES": "0", "TIMEOUT": "10"}.items():
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", value)
    connect()
    return made


def fetch(store: Store, into: Path, uri: str = "mlflow-artifacts:/v") -> list[str]:
    download(uri, into, tracking_uri=store.url)
    return sorted(path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("uri", "tracking"),
    [
        ("https://example.org/model", "sqlite:///mlflow.db"),
        ("ftp://example.org/model", SERVER),
        ("/etc", SERVER),
        ("file:///etc", SERVER),
        ("file://example.org/etc", "sqlite:///mlflow.db"),
        ("../outside", "sqlite:///mlflow.db"),
        ("/mlartifacts/../secret", "sqlite:///mlflow.db"),
        ("mlflow-artifacts://example.org/v", SERVER),
        ("mlflow-artifacts://mlflow.example.org:5988/v", SERVER),
        ("mlflow-artifacts://mlflow.example.org@example.org/v", SERVER),
        ("MLFLOW-ARTIFACTS://example.org/v", SERVER),
        ("mlflow-artifacts:\\\\example.org/v", SERVER),
        ("mlflow-artifacts:/v/../../other", SERVER),
        ("mlflow-artifacts:/v/%2e%2e/other", SERVER),
        ("mlflow-artifacts:/v?x=1", SERVER),
        ("models:/digits/1", SERVER),
        ("dbfs:/v", SERVER),
        ("gs://bucket/v", SERVER),
        ("s3://own/mlflow/../log", SERVER),
        ("s3://somebody-elses/secret", SERVER),
        ("s3://own/log/entries", SERVER),
        ("s3://own/mlflow-other/v", SERVER),
    ],
)
def test_files_outside_the_registrys_own_store_are_not_fetched(uri, tracking, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_own_s3", lambda: ("s3://own/mlflow/",))
    with pytest.raises(CandidateError, match="do not lie in the artifact store"):
        download(uri, tmp_path, tracking_uri=tracking)


def test_files_of_the_server_come_back_in_their_folders(store, tmp_path):
    store.folders["v"].append(("deep", True, 0))
    store.folders["v/deep"] = [("b.json", False, 2)]
    store.files["v/deep/b.json"] = b"[]"
    assert fetch(store, tmp_path / "into") == ["a.json", "deep/b.json"]
    assert fetch(store, tmp_path / "again", f"mlflow-artifacts://{urlsplit(store.url).netloc}/v") == [
        "a.json",
        "deep/b.json",
    ]


def test_no_more_bytes_are_taken_than_were_listed(store, tmp_path):
    store.files["v/a.json"] = b"[" + b"1" * 3_000_000
    with pytest.raises(CandidateError, match=r"a\.json is larger than the artifact store listed"):
        fetch(store, tmp_path)
    assert (tmp_path / "a.json").stat().st_size <= 3


def test_a_download_that_broke_off_is_tried_again_by_whoever_asked(store, tmp_path):
    store.files["v/a.json"] = b"["
    with pytest.raises(BiasgateError, match=r"broke off.*try again"):
        fetch(store, tmp_path)


def test_a_store_that_sends_byte_by_byte_has_an_end(store, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MOST_SECONDS", 0.5)
    store.drips = True
    store.folders["v"] = [("a.json", False, 500)]
    store.files["v/a.json"] = b"[" * 500
    with pytest.raises(ServiceError, match="takes more than"):
        fetch(store, tmp_path)
    assert (tmp_path / "a.json").stat().st_size < 500


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a\\..\\b", "a\x1b[2J", "a\n", "a" * 501, "..", "x/../../y"])
def test_paths_that_are_not_plain_are_refused_in_one_line(store, tmp_path, name):
    store.folders["v"] = [(name, False, 3)]
    with pytest.raises(BiasgateError) as refused:
        fetch(store, tmp_path / "into")
    assert len(str(refused.value).splitlines()) == 1
    assert all(path.is_relative_to(tmp_path / "into") and path.name.isprintable() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("size", [None, "many", [1]])
def test_a_listing_that_says_nothing_is_refused_in_one_line(store, tmp_path, size):
    store.folders["v"] = [("a.json", False, size)]
    with pytest.raises(CandidateError, match="listing cannot be read"):
        fetch(store, tmp_path)


@pytest.mark.parametrize("size", [-1, 10**15])
def test_sizes_that_cannot_be_are_refused_before_anything_is_fetched(store, tmp_path, size):
    store.folders["v"] = [("a.json", False, size)]
    with pytest.raises(CandidateError, match=r"bytes"):
        fetch(store, tmp_path)
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("listing", [[(f"{n}.json", False, 1) for n in range(100_000)], [("v", True, 0)] * 300])
def test_listings_without_an_end_are_refused(store, tmp_path, listing):
    store.folders["v"] = listing
    with pytest.raises(CandidateError, match="more than 200 files"):
        fetch(store, tmp_path)


def test_a_folder_that_lists_itself_for_ever_is_refused(store, tmp_path):
    store.folders = {"v" + "/x" * depth: [("x", True, 0)] for depth in range(300)}
    with pytest.raises(BiasgateError, match=r"more than 200 files|no plain path"):
        fetch(store, tmp_path)


def test_a_store_that_says_it_moved_is_not_followed(store, server, tmp_path):
    elsewhere = server()
    store.moved = elsewhere.url
    with pytest.raises(BiasgateError):
        fetch(store, tmp_path)
    assert store.asked
    assert elsewhere.asked == []


def test_only_files_come_back_from_a_disk(tmp_path):
    store, into = tmp_path / "store", tmp_path / "into"
    (store / "deep").mkdir(parents=True)
    (store / "deep" / "a.json").write_text("[]")
    download(str(store), into, tracking_uri="sqlite:///mlflow.db")
    assert [path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()] == ["deep/a.json"]
