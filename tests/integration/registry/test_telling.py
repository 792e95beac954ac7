"""Who is told of what happened: once, by their own sink, and later where it could not be sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner
from web_hook import Hook, listening

from biasgate.cli.app import app
from biasgate.errors import InputError
from biasgate.gate.trust.keyring import TRUSTED_VARIABLE
from biasgate.registry import telling
from biasgate.registry.address_book import SINKS, AddressBook, address_book
from biasgate.registry.alerts import Alert
from biasgate.registry.sink import Sink
from biasgate.registry.telling import tell, tell_quietly
from biasgate.report.message import message_of

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


@pytest.fixture
def hook():
    with listening() as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(tracking, monkeypatch):
    monkeypatch.setattr(telling, "PAUSES", (0.0,))


@pytest.fixture
def teller(gate, hook: Hook, tmp_path: Path):
    """Tells what happened through the hook; made before anything happens."""
    book = AddressBook.build(
        {"schema": "biasgate/sinks/v1", "sinks": {"default": {"kind": "webhook", "url": hook.url, "token": "hush"}}}
    )

    def run(book=book, **options):
        marks = str(tmp_path / "marks")
        return tell(gate.log, gate.history(), trusted=gate.trusted, marks=marks, book=book, **options)

    run()
    return run


def told(hook: Hook) -> list[dict]:
    return [json.loads(body) for body in hook.got]


def test_the_submitter_and_whom_the_gate_names_hear_verdict_sentence_and_link(
    submit, gate, name, hook, teller, monkeypatch
):
    monkeypatch.setenv("BIASGATE_MLFLOW_UI", "https://mlflow.example.org/")
    gate.declare(name, notify=["oncall@example.org"])
    submit(accuracy=0.5)
    teller()
    (event,) = told(hook)
    data = event["data"]
    assert (event["specversion"], event["type"], event["id"]) == ("1.0", "biasgate.rejected.v1", "decision-3")
    assert (data["verdict"], data["to"]) == ("REJECTED", ["ana", "oncall@example.org"])
    assert "the policy asks for .75" in data["sentence"]
    assert data["link"] == f"https://mlflow.example.org/#/models/{name}-candidates/versions/1"
    headers = hook.headers[0]
    assert headers["Authorization"] == "Bearer hush"
    assert headers["Content-Type"].startswith("application/cloudevents+json")


def test_each_event_is_told_once_from_the_decision_to_its_end(submit, gate, name, hook, teller):
    submit()
    teller()
    gate.promote()
    for _ in range(2):
        teller()
    assert [event["type"] for event in told(hook)] == ["biasgate.approved.v1", "biasgate.promoted.v1"]
    assert told(hook)[1]["subject"] == f"{name} version 1"


def test_who_must_sign_is_told_how_and_what_lacks_evidence_what_would_settle_it(submit, hook, teller):
    submit(flagged=True)
    submit(2.0, accuracy=0.77)
    teller()
    waits, open_still = told(hook)
    assert waits["type"] == "biasgate.waits.v1"
    assert "biasgate approve" in waits["data"]["next"]
    assert open_still["data"]["verdict"] == "INSUFFICIENT_EVIDENCE"
    assert "would settle it" in open_still["data"]["next"]


def test_an_approval_that_ends_within_a_week_is_told_of_while_it_serves(submit, gate, hook, teller):
    submit(at=datetime.now(UTC) - timedelta(days=24))
    gate.promote()
    teller()
    last = told(hook)[-1]
    assert (last["type"], last["id"]) == ("biasgate.expiring.v1", "expiring-3")
    assert "biasgate gate submit models:/" in last["data"]["next"]


@pytest.mark.parametrize(("status", "tries"), [(503, 2), (429, 2), (403, 1), (302, 1)])
def test_what_could_not_be_sent_is_said_without_the_address_and_sent_the_next_time(submit, hook, teller, status, tries):
    submit(accuracy=0.5)
    hook.status = status
    first = teller()
    assert (len(hook.got), first.left, first.sent) == (tries, 1, [])
    assert f"answered {status}" in first.unsent[0]
    assert "secret-token" not in first.unsent[0]
    hook.status = 200
    assert [message.id for _, message in teller().sent] == ["decision-3"]
    assert teller().sent == []


def test_a_sink_that_hangs_takes_no_more_than_the_budget(submit, hook, teller, monkeypatch):
    monkeypatch.setattr(telling, "BUDGET", 0.5)
    submit(accuracy=0.5)
    submit(2.0, accuracy=0.5)
    hook.status = None
    found = teller()
    assert found.left == 2
    assert "no answer in time" in found.unsent[0]


def test_one_sink_that_fails_holds_up_no_other(submit, gate, name, hook, teller):
    gate.declare(name, notify=["Team chat"])
    book = AddressBook.build(
        {
            "schema": "biasgate/sinks/v1",
            "sinks": {
                "ana": {"kind": "webhook", "url": "http://127.0.0.1:9/secret-token"},
                "Team chat": {"kind": "webhook", "url": hook.url},
            },
        }
    )
    submit(accuracy=0.5)
    found = teller(book)
    assert [name for name, _ in found.sent] == ["Team chat"]
    assert told(hook)[0]["data"]["to"] == ["Team chat"]
    assert "was not sent to ana" in found.unsent[0]
    assert [name for name, _ in teller(book).sent] == []
    assert len(hook.got) == 1


def test_a_decision_that_cannot_be_told_keeps_no_other_from_being_told(submit, hook, teller, monkeypatch):
    for accuracy in (0.5, 0.4):
        submit(accuracy=accuracy)

    def first_fails(event, *given, **named):
        if not event.id.endswith("-4"):
            raise InputError("a policy of another version")
        return message_of(event, *given, **named)

    monkeypatch.setattr(telling, "message_of", first_fails)
    done = teller()
    assert [message.id for _, message in done.sent] == ["decision-4"]
    assert "another version" in done.unsent[0]
    monkeypatch.undo()
    assert len(teller().sent) == 1


def test_marks_are_found_however_their_folder_is_written(submit, gate, hook, teller, tmp_path, monkeypatch):
    submit(accuracy=0.5)
    monkeypatch.chdir(tmp_path)
    book = AddressBook.build(
        {"schema": "biasgate/sinks/v1", "sinks": {"default": {"kind": "webhook", "url": hook.url}}}
    )
    counts = [
        len(tell(gate.log, gate.history(), trusted=gate.trusted, marks=marks, book=book).sent)
        for marks in ("./marks", "marks/", ".//marks")
    ]
    assert counts == [1, 0, 0]


@pytest.mark.parametrize("text", ["", "{", "5", "\xff"])
def test_a_broken_mark_is_a_sentence(gate, teller, tmp_path, text):
    (tmp_path / "marks" / "start.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="no list of events"):
        teller()


def test_an_alert_is_told_once_a_day(hook, teller):
    alert = Alert(kind="foreign_champion", message="somebody set the alias", name="digits", notify=("oncall",))
    for later in (0, 1, 30):
        teller(alerts=[alert.model_copy(update={"at": datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=later)})])
    assert [event["data"]["sentence"] for event in told(hook)] == ["somebody set the alias"] * 2
    assert len({event["id"] for event in told(hook)}) == 2


def test_no_submitter_can_name_an_address_of_their_own():
    book = AddressBook.build({"schema": "biasgate/sinks/v1", "sinks": {"ops": {"kind": "webhook", "url": "http://x"}}})
    assert book.tells(("mailto://evil.example.org", "http://x")) == {}
    assert list(book.tells(("ops",))) == ["ops"]


def test_a_library_that_fails_in_its_own_way_fails_no_reconcile(submit, teller):
    class Broken(Sink):
        kind: str = "broken"

        def send(self, message, *, source):
            raise ZeroDivisionError("secret-token")

    submit(accuracy=0.5)
    found = teller(SimpleNamespace(tells=lambda to: {"x": (Broken(), to)}))
    assert "ZeroDivisionError" in found.unsent[0]
    assert "secret-token" not in found.unsent[0]


@pytest.mark.parametrize(
    "text",
    [
        "sinks: {a: 'secret-token",
        "- secret-token",
        "schema: biasgate/sinks/v1\nsinks: {a: {url: secret-token}}",
        "schema: biasgate/sinks/v1\nsinks: {'https://example.org/secret-token': {}}",
        "schema: biasgate/sinks/v1\nsinks: {a: {kind: webhook, 'https://example.org/secret-token': url}}",
        "schema: biasgate/sinks/v1\nsinks: {a: {kind: 'https://example.org/secret-token'}}",
    ],
)
def test_a_file_of_sinks_that_cannot_be_read_is_told_without_what_it_holds(gate, tracking, tmp_path, monkeypatch, text):
    file = tmp_path / "sinks.yaml"
    file.write_text(text)
    monkeypatch.setenv(SINKS, str(file))
    with pytest.raises(InputError) as caught:
        address_book()
    assert "secret-token" not in str(caught.value)
    (fault,) = tell_quietly(gate.log, trusted=gate.trusted, marks=str(tmp_path / "marks")).unsent
    assert fault.startswith("nothing was told")


def test_the_commands_tell_and_say_what_was_not_sent(submit, gate, name, hook, tmp_path, monkeypatch):
    file = tmp_path / "sinks.yaml"
    file.write_text(f"schema: biasgate/sinks/v1\nsinks:\n  default: {{kind: webhook, url: '{hook.url}'}}\n")
    for variable, value in (
        (SINKS, file),
        ("BIASGATE_MESSAGES", tmp_path / "marks"),
        (TRUSTED_VARIABLE, tmp_path / "trusted"),
    ):
        monkeypatch.setenv(variable, str(value))
    run = CliRunner().invoke
    assert run(app, ["notify", "--log", gate.log]).exit_code == 0
    submit(accuracy=0.5)
    dry = json.loads(run(app, ["notify", "--log", gate.log, "--dry-run", "--json"]).stdout)
    assert [one["message"]["verdict"] for one in dry["sent"]] == ["REJECTED"]
    hook.status = 503
    assert run(app, ["notify", "--log", gate.log]).exit_code == 6
    compare = ["reconcile", "--log", gate.log, "--model", name, "--json"]
    found = run(app, compare)
    assert (found.exit_code, len(json.loads(found.stdout)["unsent"])) == (0, 1)
    hook.status = 200
    assert json.loads(run(app, compare).stdout)["sent"] == 1
