"""A gate that runs on this machine ends with its verdict: in its exit code, its numbers and its report."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hiring import GATE, POLICY, people, prepare
from typer.testing import CliRunner, Result

from biasgate.cli.app import app

pytestmark = pytest.mark.slow


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that is in force, and a candidate that is wrong about half of the women."""
    monkeypatch.chdir(tmp_path)
    prepare()
    people(wrong_of_women=2)
    Path("policy.yaml").write_text(POLICY.replace("  - {id: worse, kind: champion, attribute: sex, max: 0.1}\n", ""))
    Path("gate.yaml").write_text(GATE)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("BIASGATE_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    for role in ("owner", "gate"):
        run("keys", "generate", f"keys/{role}", "--trusted", "trusted", "--owner", role, "--role", role)
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(tmp_path / "keys/owner/signing-key.pem"))
    assert run("gate", "declare", "gate.yaml").exit_code == 0
    assert run("submit", "hiring").exit_code == 0
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(tmp_path / "keys/gate/signing-key.pem"))


def test_a_rejected_candidate_ends_the_run_with_4_and_says_by_which_number(declared: None) -> None:
    ended = run("kfp", "run", "gate", "-a", "candidate=models:/hiring-candidates/1", "--junit", "gate.xml", "--json")
    said = json.loads(ended.stdout)
    assert (ended.exit_code, said["verdict"]) == (4, "REJECTED")
    (decision,) = said["decisions"]
    assert decision["decisive"][0]["rule"] == "gap"
    assert "<html" in Path(decision["report"]).read_text()
    suite = ElementTree.parse("gate.xml").getroot()
    assert [test.get("name") for test in suite.iter("testcase") if test.find("failure") is not None] == ["gap"]
    (written,) = Path("local_outputs").glob("tasks/*/evaluate-subgroups/executor_output.json")
    (shown,) = json.loads(written.read_text())["artifacts"]["confusion"]["artifacts"]
    matrix = [row["row"] for row in shown["metadata"]["confusionMatrix"]["rows"]]
    assert matrix == [[150, 50], [50, 150]], "of 200 women half are decided about wrongly, of 200 men none"
