"""The gate's own steps on a real registry: what they fetch, what they count, and what the evidence then holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.inspection import Inspection
from biasgate.contracts.scan import Scan
from biasgate.errors import CandidateError, InputError, ServiceError, TrustError
from biasgate.gate.ledger.entry import DecisionBody, LookBody
from biasgate.gate.ledger.log import read_log
from biasgate.gate.trust.waivers import add_waiver
from biasgate.kubeflow.steps.candidate import fetch_candidate
from biasgate.kubeflow.steps.evaluation import evaluate_subgroups
from biasgate.kubeflow.steps.features import scan_weights
from biasgate.kubeflow.steps.gate import decide_candidate
from biasgate.kubeflow.steps.inspection import inspect_candidate
from biasgate.kubeflow.steps.look import take_look
from biasgate.registry.client import connect
from biasgate.registry.models import submit_candidate
from biasgate.registry.serving import champion_package
from biasgate.registry.tracking import open_pipeline_run

POLICY = """
name: against the champion
evaluation: {attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: require_human, on_abstain: require_human}
rules:
  - {id: champion, kind: champion, attribute: sex, max: 0.05}
  - {id: size, kind: size, max: 100000}
  - {id: latency, kind: latency, max: 10}
  - {id: fresh, kind: freshness, days: 30}
looks: 9
"""
ROWS = 400
TODAY = datetime.now(UTC).date()


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A table on which the class is whichever of two numbers is larger; half of the rows are close."""
    table = pd.DataFrame(
        {
            "no": [1.0, 1.0] * (ROWS // 2),
            "yes": [0.6, 3.0] * (ROWS // 2),
            "class": ["no", "yes"] * (ROWS // 2),
            "sex": ["f"] * (ROWS // 2) + ["m"] * (ROWS // 2),
            "person": range(ROWS),
        }
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    source = tmp_path / "data.yaml"
    source.write_text(
        "name: test split\n"
        f"data: {{kind: csv, file: {{uri: {tmp_path}/table.csv}}, label: class, classes: ['no', 'yes'],\n"
        "       numeric: ['no', 'yes'], attributes: [sex], cluster: person}\n"
        f"collected: {TODAY - timedelta(days=3)}\n"
    )
    return str(source)


@pytest.fixture
def judge(tmp_path, gate, data, monkeypatch):
    """Takes a package through inspection, look, evaluation and decision; gives the decision's body."""
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(tmp_path / "gate" / "signing-key.pem"))
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    monkeypatch.setenv("BIASGATE_LOG", gate.log)

    def through(package, source: str, *, policy: str = POLICY, **declared) -> DecisionBody:
        number = gate.declare(package.card.name, policy=policy, test=data, **declared).entry
        run, out = open_pipeline_run("gate"), tmp_path / "out"
        held = {"gate": number, "run": run}
        scan = Scan(
            model=package.digest, meta_classifier="m", probabilities={"none": 1.0, "high": 0.0}, abstained=False,
            reason="-",
        )  # fmt: skip
        out.mkdir(exist_ok=True)
        (out / "scan.json").write_bytes(scan.to_json())
        inspect_candidate(package=package.path, inspection=out / "inspection.json", **held)
        look = take_look(package=package.path, inspection=out / "inspection.json", **held)
        shutil.rmtree(out / "package", ignore_errors=True)
        shutil.copytree(package.path, out / "package")
        evaluate_subgroups(
            package=package.path, look=look, evaluation=out / "evaluation.json", html=out / "evaluation.html", **held
        )
        decide_candidate(
            source=source, gate=number, inspection=out / "inspection.json", scan=out / "scan.json",
            evaluation=out / "evaluation.json", run=run, entry=out / "entry.json",
            report=out / "report.html", card=out / "card.md",
        )  # fmt: skip
        body = read_log(gate.log, gate.trusted)[-1].body
        assert isinstance(body, DecisionBody)
        return body

    return through


@pytest.fixture
def look_again(tmp_path, gate):
    """Takes the look at what ``judge`` left behind once more; gives its number."""

    def again(number: int = 1) -> int:
        out, run = tmp_path / "out", open_pipeline_run("gate")
        return take_look(package=out / "package", inspection=out / "inspection.json", gate=number, run=run)

    return again


def outcomes(body: DecisionBody) -> dict[str, str]:
    return {result.rule: result.outcome for result in body.decision.rules}


def test_the_first_candidate_meets_no_champion_and_the_second_meets_the_first(tracking, judge, package, name, gate):
    first = package(1.0)
    body = judge(first, submit_candidate(first, name=name))
    assert body.decision.verdict == "APPROVED"
    assert body.evidence.evaluation.champion is None
    gate.promote()

    worse = package(0.1)
    body = judge(worse, submit_candidate(worse, name=name))
    assert body.evidence.evaluation.champion.model == first.digest == body.evidence.champion.digest
    assert (body.decision.verdict, outcomes(body)["champion"]) == ("REJECTED", "fail")
    looks = [entry.body for entry in read_log(gate.log, gate.trusted) if isinstance(entry.body, LookBody)]
    assert [look.digest for look in looks] == [first.digest, worse.digest]


def test_the_run_of_a_gate_says_what_was_judged_by_what_and_each_rules_numbers(tracking, judge, package, name):
    source = submit_candidate(candidate := package(1.0), name=name)
    body = judge(candidate, source)
    assert body.run
    found, files = connect().get_run(body.run), connect().list_artifacts(body.run)
    params = {"candidate": source, "digest": candidate.digest, "verdict": "APPROVED", "gate": "1"}
    assert params.items() <= found.data.params.items()
    assert (found.data.tags["biasgate.verdict"], found.data.tags["mlflow.user"]) == ("APPROVED", "ana")
    latency = next(result for result in body.decision.rules if result.rule == "latency")
    assert latency.value
    assert found.data.metrics["latency/value"] == pytest.approx(latency.value)
    assert found.data.metrics["size/limit"] == 100_000
    assert "decision.html" in [file.path for file in files]


def test_a_champion_whose_bytes_are_not_its_tags_stops_the_measurement_before_the_look(
    tracking, judge, package, name, gate, tmp_path
):
    first = package(1.0)
    source = submit_candidate(first, name=name)
    judge(first, source)
    gate.promote()
    connect().set_model_version_tag(name, "1", "biasgate.digest", "sha256:another")
    written = len(read_log(gate.log, gate.trusted))
    with pytest.raises(TrustError, match="not its tag's"):
        champion_package(name, tmp_path / "champion")
    with pytest.raises(TrustError, match="not its tag's"):
        judge(first, source)
    assert len(read_log(gate.log, gate.trusted)) == written


def test_the_command_line_compares_with_the_champion_without_a_look(
    tracking, judge, package, name, gate, data, tmp_path
):
    first, second = package(1.0), package(0.1)
    judge(first, submit_candidate(first, name=name))
    gate.promote()
    written = len(read_log(gate.log, gate.trusted))
    (tmp_path / "policy.yaml").write_text(POLICY)
    arguments = ["evaluate", str(second.path), "--data", data, "--policy", str(tmp_path / "policy.yaml"), "--json"]
    assert json.loads(CliRunner().invoke(app, [*arguments, "--champion"]).stdout)["champion"]["model"] == first.digest
    assert json.loads(CliRunner().invoke(app, arguments).stdout).get("champion") is None
    assert len(read_log(gate.log, gate.trusted)) == written


def test_the_evidence_holds_size_latency_and_the_dates_of_the_data(tracking, judge, package, name):
    candidate = package()
    evidence = judge(candidate, submit_candidate(candidate, name=name)).evidence
    assert evidence.size == sum(file.stat().st_size for file in candidate.path.iterdir())
    assert 0 < evidence.latency.low <= evidence.latency.value <= evidence.latency.high < 10
    assert evidence.latency.n >= 6
    assert evidence.evaluation_data_from.date() == TODAY - timedelta(days=3)
    assert evidence.training_data_from is None


def test_documents_of_two_candidates_never_make_an_approval(tracking, judge, package, name, gate, tmp_path):
    candidate, out = package(), tmp_path / "out"
    source = submit_candidate(candidate, name=name)
    assert judge(candidate, source).decision.verdict == "APPROVED"
    other = Inspection.read(out / "inspection.json").model_copy(update={"model": "sha256:another"})
    (out / "inspection.json").write_bytes(other.to_json())
    decide_candidate(
        source=source, gate=1, inspection=out / "inspection.json", scan=out / "scan.json",
        evaluation=out / "evaluation.json", run=open_pipeline_run("gate"), entry=out / "entry.json",
        report=out / "report.html", card=out / "card.md",
    )  # fmt: skip
    body = read_log(gate.log, gate.trusted)[-1].body
    assert isinstance(body, DecisionBody)
    decision = body.decision
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert any("evaluation is of another model" in reason for reason in decision.reasons)


def test_a_waiver_lets_its_rule_pass_and_lies_in_the_entry(tracking, judge, package, name, gate, tmp_path):
    tight = POLICY.replace("max: 100000", "max: 10")
    candidate = package()
    source = submit_candidate(candidate, name=name)
    refused = judge(candidate, source, policy=tight)
    assert (refused.decision.verdict, outcomes(refused)["size"], refused.waivers) == ("REJECTED", "fail", ())
    file = tmp_path / "waivers.json"
    add_waiver(file, gate.waive(name, "size", days=9, policy=tight))
    granted = judge(candidate, source, policy=tight, waivers=str(file))
    assert (granted.decision.verdict, outcomes(granted)["size"]) == ("APPROVED", "pass")
    assert [(one.waiver.approved_by, one.refusal) for one in granted.waivers] == [("Bo", None)]
    assert gate.promote()[0].status == "PROMOTED"


def test_a_waiver_of_somebody_who_is_no_approver_of_the_gate_does_not_count(
    tracking, judge, package, name, gate, tmp_path
):
    tight = POLICY.replace("max: 100000", "max: 10")
    file = tmp_path / "waivers.json"
    add_waiver(file, gate.waive(name, "size", days=9, policy=tight))
    candidate = package()
    body = judge(candidate, submit_candidate(candidate, name=name), policy=tight, waivers=str(file), approvers=["Ana"])
    assert outcomes(body)["size"] == "fail"
    assert [one.refusal for one in body.waivers] == ["Bo is no approver of the gate"]


def test_test_data_whose_content_changed_is_refused_before_the_look(
    tracking, judge, look_again, package, name, gate, tmp_path
):
    candidate = package()
    source = submit_candidate(candidate, name=name)
    judge(candidate, source)
    written = len(read_log(gate.log, gate.trusted))
    table = tmp_path / "table.csv"
    table.write_text(table.read_text().replace("1.0,0.6,no,f", "1.0,0.6,no,m", 1))
    with pytest.raises(TrustError, match="not the declared"):
        inspect_candidate(package=candidate.path, gate=1, run=open_pipeline_run("gate"), inspection=tmp_path / "i")
    with pytest.raises(TrustError, match="not the declared"):
        look_again()
    assert len(read_log(gate.log, gate.trusted)) == written


def test_a_run_under_a_gate_that_was_replaced_ends_before_the_look(tracking, judge, look_again, package, name, gate):
    candidate = package()
    judge(candidate, submit_candidate(candidate, name=name))
    gate.declare(name, policy=POLICY.replace("looks: 9", "looks: 2"))
    written = len(read_log(gate.log, gate.trusted))
    with pytest.raises(TrustError, match="another gate was declared meanwhile"):
        look_again()
    assert len(read_log(gate.log, gate.trusted)) == written


@pytest.mark.parametrize("number", [1, 2, 9])
def test_the_gate_of_another_model_is_no_gate_of_this_one(tracking, judge, package, name, gate, tmp_path, number):
    judge(other := package(card_name="other"), submit_candidate(other, name="other"))
    with pytest.raises(TrustError, match=f"declares no gate of {name}"):
        inspect_candidate(package=package().path, gate=number, run=open_pipeline_run("gate"), inspection=tmp_path / "i")


def test_a_candidate_is_fetched_with_the_gate_of_its_model_and_not_without_one(
    tracking, package, name, gate, tmp_path, monkeypatch
):
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    monkeypatch.setenv("BIASGATE_LOG", gate.log)
    source = submit_candidate(package(), name=name)
    with pytest.raises(InputError, match=f"no gate is declared for {name}.*biasgate gate declare"):
        fetch_candidate(source=source, package=tmp_path / "one")
    gate.declare(name, policy=POLICY)
    gate.declare("other", policy=POLICY)
    assert fetch_candidate(source=source, package=tmp_path / "two").gate == 1
    monkeypatch.delenv("BIASGATE_LOG")
    with pytest.raises(InputError, match="set BIASGATE_LOG"):
        fetch_candidate(source=source, package=tmp_path / "three")


@pytest.mark.parametrize(("reader", "abstained"), [("none", True), ("bundled", True)])
def test_weights_are_read_with_the_declared_reader(
    tracking, package, name, gate, tmp_path, monkeypatch, reader, abstained
):
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    monkeypatch.setenv("BIASGATE_LOG", gate.log)
    number = gate.declare(name, policy=POLICY, scan=reader).entry
    scan_weights(package=package().path, gate=number, run=open_pipeline_run("gate"), scan=tmp_path / "scan.json")
    scan = Scan.read(tmp_path / "scan.json")
    assert (scan.abstained, scan.meta_classifier == "none") == (abstained, reader == "none")


def test_a_scan_that_the_gate_did_not_ask_for_leads_to_no_decision(tracking, judge, package, name, gate, tmp_path):
    candidate, out = package(), tmp_path / "out"
    source = submit_candidate(candidate, name=name)
    judge(candidate, source, scan="bundled")
    skipped = Scan(model=candidate.digest, meta_classifier="none", abstained=True, reason="-")
    (out / "scan.json").write_bytes(skipped.to_json())
    with pytest.raises(TrustError, match="weights were not scanned"):
        decide_candidate(
            source=source, gate=1, inspection=out / "inspection.json", scan=out / "scan.json",
            evaluation=out / "evaluation.json", run=open_pipeline_run("gate"), entry=out / "entry.json",
            report=out / "report.html", card=out / "card.md",
        )  # fmt: skip


def test_a_reader_that_is_not_there_ends_the_run_before_the_look(tracking, judge, package, name, gate):
    candidate = package()
    with pytest.raises((InputError, ServiceError), match="no-such-reader"):
        judge(candidate, submit_candidate(candidate, name=name), scan="models:/no-such-reader@champion")
    assert [entry.body.kind for entry in read_log(gate.log, gate.trusted)] == ["gate"]


def test_the_declared_limits_hold_for_the_candidate_before_the_look(tracking, judge, package, name, gate):
    candidate = package()
    source = submit_candidate(candidate, name=name)
    with pytest.raises(CandidateError, match="failed in its sandbox"):
        judge(candidate, source, inference={"memory": "100MiB"})
    assert [entry.body.kind for entry in read_log(gate.log, gate.trusted)] == ["gate"]
    assert judge(candidate, source, inference={"memory": "3GiB", "seconds": 300}).gate == 2


def test_a_task_that_is_repeated_takes_no_second_look(tracking, judge, look_again, package, name, gate, tmp_path):
    candidate, out = package(), tmp_path / "out"
    judge(candidate, submit_candidate(candidate, name=name))
    written, measured = len(read_log(gate.log, gate.trusted)), Evaluation.read(out / "evaluation.json")
    assert look_again() == 1
    evaluate_subgroups(
        package=candidate.path, gate=1, look=1, run=open_pipeline_run("gate"), evaluation=out / "again.json",
        html=out / "again.html",
    )  # fmt: skip
    assert Evaluation.read(out / "again.json").cells == measured.cells
    assert len(read_log(gate.log, gate.trusted)) == written


def test_a_cloned_run_has_the_look_that_was_taken_and_the_same_verdict(tracking, judge, package, name, gate):
    candidate = package()
    source = submit_candidate(candidate, name=name)
    once = POLICY.replace("looks: 9", "looks: 1")
    first, again = judge(candidate, source, policy=once), judge(candidate, source, policy=once)
    assert first.run != again.run
    assert [body.evidence.looks for body in (first, again)] == [1, 1]
    assert first.decision.verdict == again.decision.verdict == "APPROVED"


def test_what_is_inspected_can_take_no_look_in_the_name_of_another(
    tracking, judge, look_again, package, name, gate, tmp_path
):
    candidate, out = package(), tmp_path / "out"
    judge(candidate, submit_candidate(candidate, name=name))
    written = len(read_log(gate.log, gate.trusted))
    other = Inspection.read(out / "inspection.json").model_copy(update={"model": package(0.1).digest})
    (out / "inspection.json").write_bytes(other.to_json())
    with pytest.raises(TrustError, match="of another candidate"):
        look_again()
    assert len(read_log(gate.log, gate.trusted)) == written


@pytest.mark.parametrize("look", [1, 2])
def test_nothing_is_measured_without_its_look_in_the_log(tracking, judge, package, name, gate, tmp_path, look):
    judge(first := package(), submit_candidate(first, name=name))
    with pytest.raises(TrustError, match=f"no look {look} of {(other := package(0.1)).digest}"):
        evaluate_subgroups(
            package=other.path, gate=1, look=look, run=open_pipeline_run("gate"), evaluation=tmp_path / "e",
            html=tmp_path / "h",
        )  # fmt: skip
    assert not (tmp_path / "e").exists()


def test_a_candidate_is_inspected_and_measured_without_a_key(
    tracking, judge, look_again, package, name, gate, tmp_path, monkeypatch
):
    candidate, out = package(), tmp_path / "out"
    judge(candidate, submit_candidate(candidate, name=name))
    monkeypatch.delenv("BIASGATE_SIGNING_KEY_FILE")
    held = {"package": candidate.path, "gate": 1, "run": open_pipeline_run("gate")}
    inspect_candidate(**held, inspection=out / "i")
    evaluate_subgroups(**held, look=1, evaluation=out / "e", html=out / "h")
    with pytest.raises(InputError, match="no signing key"):
        look_again()


RUNS_NO_MODEL = """
import json, sys
from pathlib import Path
from biasgate.kubeflow.steps.gate import decide_candidate
from biasgate.kubeflow.steps.look import take_look
from biasgate.kubeflow.steps.sweep import list_candidates
out, name, source, run = Path(sys.argv[1]), *sys.argv[2:]
held = {"inspection": out / "inspection.json", "gate": 1, "run": run}
take_look(**held, package=out / "package")
places = {"entry": out / "entry.json", "report": out / "report.html", "card": out / "card.md"}
decide_candidate(**held, scan=out / "scan.json", source=source, evaluation=out / "evaluation.json", **places)
list_candidates(name=name, which="undecided", limit=9)
runs = ("onnxruntime", "torch", "biasgate.models.sandbox")
print(json.dumps([module for module in sys.modules if module.startswith(runs)]))
"""


def test_what_signs_loads_nothing_that_could_run_a_model(tracking, judge, package, name, tmp_path):
    candidate = package()
    source = submit_candidate(candidate, name=name)
    judge(candidate, source)
    arguments = [str(tmp_path / "out"), name, source, open_pipeline_run("gate")]
    command = [sys.executable, "-c", RUNS_NO_MODEL, *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(said.splitlines()[-1]) == []
