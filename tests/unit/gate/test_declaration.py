"""What a gate file may say, what is embedded and pinned of it, and how two gates are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from biasgate.documents import digest, sha256
from biasgate.errors import InputError, TrustError
from biasgate.gate.declaration import Gate, GateFile, pinned, read_gate_file
from biasgate.gate.declaration_words import differences, words
from biasgate.gate.policy import policy_text, read_policy

FILE = """
schema: biasgate/gate/v1
model: digits
policy: digits_demo
test: test.yaml
repair: {data: repair.yaml}
inference: {seconds: 900, memory: 6GiB, threads: 4, batch: 64}
approvers: [ana@example.org, bo@example.org]
notify: ops@example.org
"""


def pin(source: str) -> tuple[str, str]:
    """Data whose content follows from its name."""
    return f"name: {source}\n", sha256(source.encode())


def gate(text: str = FILE) -> Gate:
    return pinned(GateFile.parse(text, where="test"), pin=pin)


def test_a_declared_gate_holds_its_policy_and_the_digests_of_its_data():
    declared = gate()
    assert declared.rules == read_policy("digits_demo")
    assert declared.policy_digest == digest(read_policy("digits_demo"))
    assert (declared.test.source, declared.test.digest) == pin("test.yaml")
    assert declared.repair is not None
    assert declared.repair.methods == read_policy("digits_demo").repair.methods
    assert declared.inference.limits == {
        "seconds": 900, "memory_mb": 6144, "threads": 4, "device": "cpu", "batch": 64
    }  # fmt: skip


def test_a_policy_file_that_changes_later_changes_no_declared_gate(tmp_path: Path):
    file = tmp_path / "policy.yaml"
    file.write_text(policy_text("digits_demo"))
    declared = gate(FILE.replace("policy: digits_demo", f"policy: {file}"))
    file.write_text("name: weak\n")
    assert declared.rules == read_policy("digits_demo")


def test_a_policy_that_is_not_the_one_of_its_digest_is_refused():
    with pytest.raises(TrustError, match="another digest"):
        _ = gate().model_copy(update={"policy": policy_text("impact_ratio")}).rules


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("scan", "scan", "looks"),
        ("memory: 6GiB", "memory: 6GB", "memory"),
        ("seconds: 900", "seconds: 0", "seconds"),
        ("threads: 4", "device: tpu", "device"),
        ("model: digits", "model: ../digits", "model"),
        ("test: test.yaml", "", "test"),
        ("notify:", "scan: s3://bucket/reader\nnotify:", "scan"),
        ("schema: biasgate/gate/v1", "schema: biasgate/gate/v2", "schema"),
    ],
)
def test_a_file_that_says_something_else_than_the_schema_is_refused_by_its_key(old, new, message):
    text = FILE + "looks: 9\n" if message == "looks" else FILE.replace(old, new)
    with pytest.raises(InputError, match=message):
        gate(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data: repair.yaml", "data: test.yaml", "test and repair data are the same"),
        ("data: repair.yaml", "data: repair.yaml, methods: [jtt]", "no repair by jtt"),
        ("policy: digits_demo", "policy: impact_ratio", "allows no repair"),
        ("policy: digits_demo", "policy: missing.yaml", "missing.yaml"),
    ],
)
def test_a_gate_that_could_not_work_is_not_made(old, new, message):
    with pytest.raises(InputError, match=message):
        gate(FILE.replace(old, new))


def test_one_name_stands_for_a_list_of_one():
    assert gate().notify == ("ops@example.org",)


def test_a_gate_file_is_read_from_its_path(tmp_path: Path):
    (tmp_path / "gate.yaml").write_text(FILE)
    assert read_gate_file(str(tmp_path / "gate.yaml")).model == "digits"


def test_equal_gates_do_not_differ_and_every_line_of_a_file_shows_in_the_words():
    assert differences(gate(), gate()) == ()
    said = words(gate())
    assert said["approvers"] == "ana@example.org, bo@example.org"
    assert said["inference: memory"] == "6GiB"
    assert said["test data"] == pin("test.yaml")[1]
    assert said["alerts go to"] == "ops@example.org"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("test: test.yaml", "test: easy.yaml", {"test data", "test data, described"}),
        ("data: repair.yaml", "data: other.yaml", {"repair data", "repair data, described"}),
        ("notify: ops@example.org", "scan: none", {"reader of weights", "alerts go to"}),
        ("seconds: 900", "seconds: 901", {"inference: seconds"}),
        ("ana@example.org, ", "", {"approvers"}),
        ("model: digits", "model: digits\nwaivers: waivers.json", {"waivers"}),
    ],
)
def test_what_two_gates_say_differently_is_named(old, new, what):
    assert {one.what for one in differences(gate(), gate(FILE.replace(old, new)))} == what


def test_a_changed_policy_is_told_rule_by_rule(tmp_path: Path):
    text = policy_text("digits_demo")
    (tmp_path / "policy.yaml").write_text(text.replace("looks: 2", "looks: 9"))
    found = differences(gate(), gate(FILE.replace("policy: digits_demo", f"policy: {tmp_path}/policy.yaml")))
    assert {one.what: (one.before, one.after) for one in found if one.what.startswith("looks")} == {
        "looks at the test data": ("2", "9")
    }


def test_a_rule_that_only_one_of_two_gates_has_is_shown_as_absent_from_the_other(tmp_path: Path):
    policy = "name: p\nevaluation: {attributes: [alignment]}\nlooks: 1\nrules: [{id: floor, kind: floor, min: 0.7}]\n"
    policy += "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
    (tmp_path / "one.yaml").write_text(policy)
    (tmp_path / "two.yaml").write_text(policy.replace("id: floor", "id: ground"))
    plain = FILE.replace("repair: {data: repair.yaml}\n", "")
    one, two = (gate(plain.replace("digits_demo", str(tmp_path / name))) for name in ("one.yaml", "two.yaml"))
    found = {difference.what: difference for difference in differences(one, two)}
    assert found["rule floor"].after == found["rule ground"].before == "—"
