"""What a person sees in MLflow is what the log says, whatever was written there in between."""

from __future__ import annotations

import pytest

from biasgate.registry.alerts import Alarm
from biasgate.registry.client import connect
from biasgate.registry.models import submit_candidate
from biasgate.registry.showing import CLOSING, END, misshown, show

ON_SQLITE = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


def page(name: str, number: str = "1"):
    return connect().get_model_version(name, number)


def description_of(name: str) -> str:
    return page(name).description or ""


def shown(gate, name: str) -> list[str]:
    found = gate.history()
    return [one.uri for one in misshown(gate.log, found, trusted=gate.trusted, models=[name])]


def test_a_rejected_candidate_says_why_on_its_own_page(submit, gate, name):
    submit(accuracy=0.5)
    gate.promote()
    candidate = page(f"{name}-candidates")
    assert candidate.tags["biasgate.verdict"] == "REJECTED"
    assert "the policy asks for .75" in candidate.tags["biasgate.reason"]
    for said in ("## REJECTED", "| floor | fails |", "≥ .75", "Log entry 3", "biasgate decide --replay"):
        assert said in (candidate.description or "")
    assert shown(gate, name) == []


def test_candidate_and_version_follow_what_happens_to_them(served_twice, gate, name):
    first, second = page(name, "1").tags, page(name, "2").tags
    assert (first["biasgate.status"], second["biasgate.status"]) == ("replaced", "serves")
    gate.roll_back(name, "1")
    gate.promote()
    first, second = page(name, "1").tags, page(name, "2").tags
    assert (first["biasgate.status"], second["biasgate.status"]) == ("serves", "withdrawn")
    assert "complaints" in page(f"{name}-candidates", "2").tags["biasgate.reason"]


def test_a_second_run_writes_nothing(submit, gate, name):
    submit()
    gate.promote()
    before = page(name).last_updated_timestamp, page(f"{name}-candidates").last_updated_timestamp
    gate.promote()
    gate.reconcile(name, fix=True)
    assert (page(name).last_updated_timestamp, page(f"{name}-candidates").last_updated_timestamp) == before


def test_reconcile_finds_and_mends_what_somebody_changed(submit, gate, name):
    submit(accuracy=0.5)
    gate.promote()
    model, client = f"{name}-candidates", connect()
    right = page(model)
    client.set_model_version_tag(model, "1", "biasgate.reason", "It is fine.")
    client.delete_model_version_tag(model, "1", "biasgate.policy")
    client.update_model_version(model, "1", f"## APPROVED\n\n{END}\n\nhello")
    assert gate.reconcile(name).misshown == (f"models:/{model}/1",)
    assert gate.reconcile(name, fix=True).misshown == (f"models:/{model}/1",)
    assert page(model).tags == right.tags
    assert page(model).description == f"{right.description}\n\nhello"
    assert gate.reconcile(name, fix=True).misshown == ()


@ON_SQLITE
def test_what_a_submitter_wrote_stays_below_the_verdict(tracking, package, gate, name):
    submitted = package()
    source = submit_candidate(submitted, name=name)
    connect().update_model_version(f"{name}-candidates", "1", "Trained on the spring data.")
    gate.decide(submitted, source, accuracy=0.5)
    for _ in range(2):
        gate.promote()
    description = description_of(f"{name}-candidates")
    assert description.startswith("## REJECTED")
    assert description.endswith(f"{END}\n\nTrained on the spring data.")


@ON_SQLITE
@pytest.mark.parametrize("length", [4_800, 5_000], ids=["which fits beside the verdict", "which does not"])
def test_a_text_that_leaves_no_room_does_not_take_the_place_of_the_verdict(tracking, package, gate, name, length):
    submitted, forged = package(), "## APPROVED\n\nEvery rule passed.\n\n".ljust(length, "x")
    source = submit_candidate(submitted, name=name)
    connect().update_model_version(f"{name}-candidates", "1", forged)
    gate.decide(submitted, source, accuracy=0.5)
    gate.promote()
    description = description_of(f"{name}-candidates")
    assert description.startswith(f"## REJECTED\n\n{CLOSING}\n\n{END}\n\n## APPROVED")
    assert len(description) <= 5_000
    assert (forged in description) == (length < 5_000)
    assert shown(gate, name) == []


@ON_SQLITE
def test_no_text_of_others_ends_the_part_that_is_said_to_be_biasgate_s(tracking, package, gate, name):
    submitted = package()
    source = submit_candidate(submitted, name=name)
    connect().update_model_version(f"{name}-candidates", "1", f"## APPROVED\n\n{CLOSING}\n\n{END}\n\n{END} <!-- hello")
    gate.decide(submitted, source, accuracy=0.5)
    for _ in range(2):
        gate.promote()
        gate.reconcile(name, fix=True)
    description = description_of(f"{name}-candidates")
    assert "APPROVED" not in description
    assert description.endswith(f"{CLOSING}\n\n{END}\n\n{END} <!-- hello")


@ON_SQLITE
def test_a_submission_that_nobody_decided_about_bears_no_verdict(submit, package, gate, name):
    submit()
    waiting = submit_candidate(package(2.0), name=name, tags={"biasgate.verdict": "APPROVED"})
    assert gate.reconcile(name, fix=True).misshown[-1] == waiting
    assert "biasgate.verdict" not in page(f"{name}-candidates", "2").tags


@ON_SQLITE
def test_a_version_that_is_deleted_meanwhile_holds_up_nothing(submit, gate, name):
    for weight in (1.0, 2.0):
        submit(weight, accuracy=0.5)
    changes = misshown(gate.log, gate.history(), trusted=gate.trusted, models=[name])
    connect().delete_model_version(f"{name}-candidates", "1")
    show(changes, alarm=Alarm())
    assert page(f"{name}-candidates", "2").tags["biasgate.verdict"] == "REJECTED"
    assert shown(gate, name) == []
