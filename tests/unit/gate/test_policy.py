from __future__ import annotations

import jsonschema
import pytest

from biasgate.errors import InputError
from biasgate.gate.policy import policy_text, read_policy
from biasgate.gate.schemas import DOCUMENTS, json_schema


def test_the_built_in_policy_reads_the_same_by_name_text_and_path(tmp_path):
    text = policy_text("digits_demo")
    (tmp_path / "policy.yaml").write_text(text)
    assert read_policy("digits_demo") == read_policy(text) == read_policy(str(tmp_path / "policy.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("valid_days: 90", "valid_dayz: 90", "valid_dayz"),
        ("kind: gap", "kind: gut_feeling", "gut_feeling"),
        ("max: 0.10", "max: .nan", "max"),
        ("max: 0.10", "max: 1.10", "max"),
        ("id: worst_group", "id: colour_gap", "different ids"),
        ("id: worst_group", "id: looks", "the gate's own checks"),
        ("looks: 2", "looks: 0", "looks"),
        ("on_flag: require_human", "on_flag: approve", "on_flag"),
    ],
)
def test_a_policy_with_a_mistake_is_refused_and_names_it(old, new, said):
    with pytest.raises(InputError, match=said):
        read_policy(policy_text("digits_demo").replace(old, new))


def test_a_policy_without_rules_is_refused():
    text = policy_text("digits_demo")
    start, end = text.index("rules:"), text.index("repair:\n")
    with pytest.raises(InputError, match="rules"):
        read_policy(text[:start] + "rules: []\n" + text[end:])


@pytest.mark.parametrize("source", ["no_such_policy", "{"])
def test_a_policy_that_is_not_there_is_named(source):
    with pytest.raises(InputError):
        read_policy(source)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "policy.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_policy(str(tmp_path / "policy.yaml"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_published_schemas_are_valid_and_refuse_unknown_keys(name):
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


def test_evidence_as_written_fits_its_published_schema(evidence):
    jsonschema.validate(evidence().model_dump(mode="json", by_alias=True), json_schema("evidence"))


def test_a_schema_that_nobody_published_is_refused():
    with pytest.raises(InputError, match="log-entry"):
        json_schema("diary")
