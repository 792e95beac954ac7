from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from biasgate.registry import alerts
from biasgate.registry.alerts import WEBHOOK, Alarm, Alert

ALERT = Alert(kind="expired", message="too old", name="digits", version="2", candidate="sha256:1", entry=4)


class _Hook(http.server.ThreadingHTTPServer):
    """Keeps what is posted; answers with its status, or not before it is released."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.got: list[bytes] = []
        self.status: int | None = 200
        self.released = threading.Event()


class _Post(http.server.BaseHTTPRequestHandler):
    """Takes posts, and answers as the server was told."""

    server: _Hook

    def do_POST(self) -> None:
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status is None:
            self.server.released.wait(30)
            return
        self.send_response(self.server.status)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def hook(monkeypatch) -> Iterator[_Hook]:
    server = _Hook()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(WEBHOOK, f"http://127.0.0.1:{server.server_port}/secret-token")
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_alert_is_one_line_with_model_candidate_and_entry(capsys, monkeypatch):
    monkeypatch.delenv(WEBHOOK, raising=False)
    Alarm()(ALERT)
    (line,) = lines(capsys)
    assert {key: line[key] for key in ("kind", "name", "version", "candidate", "entry")} == {
        "kind": "expired", "name": "digits", "version": "2", "candidate": "sha256:1", "entry": 4,
    }  # fmt: skip


def test_the_webhook_gets_the_line(hook, capsys):
    Alarm()(ALERT)
    assert [json.loads(body) for body in hook.got] == lines(capsys)


def test_what_was_said_is_not_said_again(hook, capsys):
    alarm = Alarm()
    alarm(ALERT)
    alarm(ALERT.model_copy(update={"message": "other words"}))
    alarm(ALERT.model_copy(update={"entry": 5}))
    assert (len(alarm.raised), len(hook.got), len(lines(capsys))) == (2, 2, 2)


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_a_webhook_that_refuses_is_a_second_line_without_its_address(hook, capsys, status):
    hook.status = status
    Alarm()(ALERT)
    first, second = lines(capsys)
    assert (first["kind"], second["kind"], second["entry"]) == ("expired", "webhook", 4)
    assert "secret-token" not in json.dumps(second)
    assert len(hook.got) == 1


def test_a_webhook_that_hangs_does_not_hold_up_the_alert(hook, capsys, monkeypatch):
    monkeypatch.setattr(alerts, "SECONDS", 0.5)
    hook.status = None
    alarm = Alarm()
    alarm(ALERT)
    assert [line["kind"] for line in lines(capsys)] == ["expired", "webhook"]
    assert alarm.raised == [ALERT]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x", "no url", "http://"])
def test_only_http_is_told_and_nothing_else_is_opened(capsys, monkeypatch, url):
    monkeypatch.setenv(WEBHOOK, url)
    Alarm()(ALERT)
    assert [line["kind"] for line in lines(capsys)] == ["expired", "webhook"]
