from __future__ import annotations

import jsonschema
import pytest

from biasgate.errors import InputError
from biasgate.gate.explain import explain
from biasgate.gate.policy import RULES, built_in_policies, policy_text, read_policy
from biasgate.gate.policy_check import faults
from biasgate.gate.schemas import json_schema

EVERY_KIND = """
  - {id: floor, kind: floor, min: 0.85}
  - {id: worst, kind: worst_group, attribute: sex, min: 0.80}
  - {id: gap, kind: gap, attribute: sex*race, max: 0.10}
  - {id: ratio, kind: ratio, attribute: sex, min: 0.70}
  - {id: calibration, kind: calibration, max: 0.12}
  - {id: ceiling, kind: ceiling, metric: calibration_error, max: 0.12}
  - {id: coverage, kind: coverage, attribute: sex, subgroups: [{race: b}], clusters: 400}
  - {id: champion, kind: champion, attribute: sex, max: 0.05}
  - {id: cost, kind: repair_cost, subgroup: {sex: f}, max: 0.05}
  - {id: parity, kind: onnx_parity, max: 0.001}
  - {id: fresh, kind: freshness, days: 100}
  - {id: swaps, kind: swap_rate, max: 0.1}
  - {id: size, kind: size, max: 1000000}
  - {id: latency, kind: latency, max: 0.01}
"""


def policy(rules=EVERY_KIND, *, metrics="[accuracy, selection_rate]", scores="[calibration_error]", depth=2):
    return read_policy(
        f"name: p\nevaluation: {{metrics: {metrics}, scores: {scores}, attributes: [sex, race], depth: {depth}}}\n"
        "weight_scan: {flag_levels: [high], on_flag: reject, on_abstain: require_human}\n"
        f"rules: {rules}\nlooks: 3\n"
    )


def words(policy, rule):
    (found,) = [explained for explained in explain(policy).rules if explained.id == rule]
    return found


@pytest.mark.parametrize("name", built_in_policies())
def test_built_in_policies_are_sound_and_every_rule_has_words(name):
    named = read_policy(name)
    assert faults(named) == []
    assert all(rule.words.endswith(".") for rule in explain(named).rules)


def test_every_kind_of_rule_is_explained_and_in_the_published_schema():
    kinds = {kind.model_fields["kind"].default for kind in RULES}
    asked = policy()
    assert {rule.kind for rule in explain(asked).rules} == kinds
    schema = json_schema("policy")
    assert set(schema["properties"]["rules"]["items"]["discriminator"]["mapping"]) == kinds
    jsonschema.validate(asked.model_dump(mode="json", by_alias=True, exclude_none=True), schema)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("gap", "Accuracy may differ by at most 10 points between any two subgroups of sex × race."),
        ("ratio", "Selection rate of any subgroup of sex must be at least .70 times that of any other."),
        ("coverage", "Accuracy must rest on at least 400 clusters in every subgroup of sex, and in b."),
        ("latency", "Inference may take at most 10 ms a sample, in the median over batches."),
    ],
)
def test_a_rule_reads_as_a_sentence(rule, said):
    assert words(policy(), rule).words == said


@pytest.mark.parametrize(("rule", "better"), [("worst", -1), ("gap", 1), ("ratio", -1), ("champion", 1)])
def test_more_clusters_certify_more_and_more_subgroups_less(rule, better):
    power = words(policy(), rule).power
    assert [of.subgroups for of in power] == [2, 5, 10]
    values = [[-1 if one.value is None else better * one.value for one in of.certifies] for of in power]
    assert all(row == sorted(row) for row in values)
    assert all(list(column) == sorted(column, reverse=True) for column in zip(*values, strict=True))
    assert [of.enough for of in power] == sorted(of.enough or 0 for of in power)


def test_few_clusters_certify_nothing():
    assert words(policy(), "ratio").power[0].certifies[0].value is None


def test_sizes_and_numbers_of_subgroups_may_be_asked_for():
    explained = explain(read_policy("digits_demo"), sizes=(750,), subgroups=(3,))
    (gap,) = [rule for rule in explained.rules if rule.id == "colour_gap"]
    (of,) = gap.power
    assert (of.subgroups, [one.clusters for one in of.certifies]) == (3, [750])


def test_a_rule_about_one_number_has_no_number_of_subgroups():
    assert [of.subgroups for of in words(policy(), "floor").power] == [1]
    assert [of.subgroups for of in words(policy(), "cost").power] == [1]


def test_every_look_adds_to_the_chance_of_a_wrong_approval():
    assert any("3 times" in s and "at most 7.5% over all looks" in s for s in explain(policy()).general)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("{id: r, kind: gap, attribute: age, max: 0.1}", "age is no attribute"),
        ("{id: r, kind: worst_group, metric: precision, attribute: sex, min: 0.1}", "does not measure precision"),
        ("{id: r, kind: calibration, max: 0.1}", "calibration_error"),
        (
            "{id: r, kind: coverage, subgroups: [{sex: f, race: b}], clusters: 9}",
            "intersections of 1 attributes, not",
        ),
        ("{id: r, kind: champion, metric: precision, max: 0.1}", "no paired change"),
        ("{id: r, kind: repair_cost, subgroup: {age: old}, max: 0.1}", "age is no attribute"),
    ],
)
def test_a_rule_that_can_never_pass_is_found(rule, fault):
    (found,) = faults(policy(f"[{rule}]", scores="null", depth=1))
    assert found.startswith("r: ")
    assert fault in found


@pytest.mark.parametrize(
    "rule",
    [
        "{id: r, kind: coverage, clusters: 9}",
        "{id: r, kind: coverage, attribute: sex, clusters: 0}",
        "{id: r, kind: ratio, attribute: sex, min: 1.2}",
        "{id: r, kind: freshness, of: rumours, days: 3}",
        "{id: r, kind: latency, max: .inf}",
        "{id: r, kind: size, max: 1.5}",
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule):
    with pytest.raises(InputError):
        policy(f"[{rule}]")


def test_the_four_fifths_are_told_from_the_law_that_asks_for_the_report():
    text = policy_text("impact_ratio")
    assert "sets no\n# threshold" in text
    assert "29 CFR 1607.4(D)" in text


def test_what_a_repair_may_use_is_said():
    given = policy_text("digits_demo").replace("  seconds:", "  memory: 4GiB\n  seconds:")
    allowed = read_policy(given)
    assert allowed.repair.memory == "4GiB"
    assert any(
        f"({allowed.repair.methods[0]}, {allowed.repair.seconds} s, 4GiB)" in s for s in explain(allowed).general
    )
    assert any(f"{allowed.repair.seconds} s)." in s for s in explain(read_policy("digits_demo")).general)
    with pytest.raises(InputError, match=r"repair\.memory"):
        read_policy(given.replace("4GiB", "4 GB"))
