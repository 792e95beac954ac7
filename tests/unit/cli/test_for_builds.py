"""What builds read: the numbers that decided in ``--json``, JUnit XML, SARIF, and the gate's words without the gate."""

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hiring import POLICY, people, prepare
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.contracts.scan import unread
from biasgate.data.source import open_dataset
from biasgate.evaluation.evaluate import evaluate
from biasgate.evaluation.inspect import inspect
from biasgate.gate.decide import decide
from biasgate.gate.decision import RuleResult, decisive, worst_first
from biasgate.gate.evidence import join
from biasgate.gate.policy import Policy
from biasgate.models.package import open_package
from biasgate.report.builds import junit_xml, sarif_json


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    prepare()


def check(*arguments: str):
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_check_has_the_words_of_the_decision_on_the_same_evidence():
    people(wrong_of_women=1)
    said = json.loads(check("gate.yaml", "hiring", "--json").stdout)
    policy, package, data = Policy.parse(POLICY), open_package(Path("hiring")), open_dataset("test.yaml")
    evidence = join(
        source="models:/hiring-candidates/1",
        inspection=inspect(package, data),
        scan=unread(package.digest),
        evaluation=evaluate(package, data, policy.evaluation),
        looks=1,
    )
    decided = decide(policy, evidence, (), datetime.now(UTC))
    words = {result.rule: result.sentence for result in decided.rules}
    told = {result["rule"]: result["sentence"] for result in said["rules"]}
    assert told == {rule: words[rule] for rule in told}
    assert set(words) - set(told) == {"looks", "worse"}


def test_the_numbers_that_decided_come_first():
    people(wrong_of_women=2)
    said = json.loads(check("gate.yaml", "hiring", "--json").stdout)
    assert said["decisive"][0]["rule"] == "gap"
    assert {"value", "bound", "threshold"} <= set(said["decisive"][0])


def test_a_check_writes_what_build_servers_read():
    people(wrong_of_women=2)
    ended = check("gate.yaml", "hiring", "--junit", "out/gate.xml", "--sarif", "out/gate.sarif")
    assert ended.exit_code == 4
    suite = ElementTree.parse("out/gate.xml").getroot()
    failed = [test.get("name") for test in suite.iter("testcase") if test.find("failure") is not None]
    assert (suite.get("failures"), failed) == ("1", ["gap"])
    (run,) = json.loads(Path("out/gate.sarif").read_text())["runs"]
    assert [(found["ruleId"], found["level"]) for found in run["results"]] == [("gap", "error")]


RESULTS = st.builds(
    RuleResult,
    rule=st.text(min_size=1),
    outcome=st.sampled_from(["pass", "fail", "insufficient"]),
    sentence=st.text(),
    value=st.none() | st.floats(0, 1),
    bound=st.none() | st.floats(0, 1),
    threshold=st.none() | st.floats(0, 1),
)


@given(st.lists(RESULTS, max_size=6))
def test_any_text_of_a_candidate_makes_files_that_can_be_read(results: list[RuleResult]):
    suite = ElementTree.fromstring(junit_xml(results, name="a\x00<b>"))
    missed = sum(result.outcome != "pass" for result in results)
    assert len(list(suite)) == len(results)
    assert len(list(suite.iter("failure"))) == missed
    (run,) = json.loads(sarif_json(results, source="gate.yaml"))["runs"]
    assert len(run["results"]) == missed


@given(st.lists(RESULTS, max_size=8))
def test_what_fails_comes_before_what_lacks_evidence_and_that_before_what_passes(results: list[RuleResult]):
    order = ["fail", "insufficient", "pass"]
    places = [order.index(result.outcome) for result in worst_first(results)]
    assert places == sorted(places)
    assert all(result.value is not None for result in decisive(results))


@pytest.mark.parametrize("name", ["gate.xml", "deep/gate.xml"])
def test_files_for_builds_may_lie_in_folders_that_are_not_there_yet(name: str):
    check("gate.yaml", "hiring", "--junit", name)
    assert Path(name).is_file()
