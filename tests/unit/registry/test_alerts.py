from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from web_hook import Hook, listening

from biasgate.registry import alerts
from biasgate.registry.alerts import WEBHOOK, Alarm, Alert

ALERT = Alert(kind="expired", message="too old", name="digits", version="2", candidate="sha256:1", entry=4)


@pytest.fixture
def hook(monkeypatch) -> Iterator[Hook]:
    with listening() as server:
        monkeypatch.setenv(WEBHOOK, server.url)
        yield server


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
