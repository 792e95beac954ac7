"""The table of impact ratios: who is selected how often, against whom, and what is withheld."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from biasgate import load_policy
from biasgate.contracts.evaluation import Evaluation
from biasgate.data.dataset import Dataset
from biasgate.documents import sha256
from biasgate.evaluation.measure import measure
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy import Policy
from biasgate.report.decision import decision_report
from biasgate.report.impact import impact_tables
from biasgate.report.suppression import published

POLICY = Policy.parse(
    """
name: selection
evaluation: {metrics: [selection_rate], attributes: [sex, race], depth: 2}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: impact, kind: ratio, attribute: sex, min: 0.8}]
looks: 1
""",
    where="test",
)
SELECTED = {
    ("f", "a"): (80, 200),
    ("f", "b"): (30, 100),
    ("m", "a"): (100, 200),
    ("m", "b"): (10, 20),
    ("m", "c"): (7, 7),
}


@pytest.fixture(scope="module")
def audited() -> Callable[..., Evaluation]:
    """Measures who is selected: so many of so many of each sex and race."""

    def build(selected: dict[tuple[str, str], tuple[int, int]] = SELECTED, policy: Policy = POLICY) -> Evaluation:
        rows = [(*who, i < chosen) for who, (chosen, of) in selected.items() for i in range(of)]
        table = pd.DataFrame(rows, columns=["sex", "race", "chosen"])
        people = Dataset(
            samples=np.zeros((len(table), 1), np.float32),
            labels=np.zeros(len(table), np.int64),
            classes=("no", "yes"),
            attributes=table.drop(columns="chosen"),
            clusters=np.arange(len(table)),
        )
        chosen = table["chosen"].to_numpy().astype(np.int64)
        return measure(chosen, people, policy.evaluation, model=sha256(b"m"), provider="CPUExecutionProvider")

    return build


def rows(evaluation: Evaluation, attribute: str) -> list[tuple[str, str, str, str]]:
    (table,) = [t for t in impact_tables(published(evaluation)) if t.attribute == attribute]
    return [(row.name, row.rate, row.ratio, row.n) for row in table.rows]


def test_each_subgroup_is_held_against_the_most_selected_one(audited):
    (most, first), (less, second) = [(row[0], row) for row in rows(audited(), "sex")]
    assert (most, less) == ("sex = m", "sex = f")
    assert first[1].startswith(".52 [")
    assert first[2:] == ("most selected", "227")
    assert second[1].startswith(".37 [")
    assert second[2].startswith(".71 [")  # (110 / 300) / (117 / 227)
    assert second[3] == "300"


def test_groups_of_fewer_than_ten_are_withheld_and_below_the_minimum_have_no_rate(audited):
    found = {name: rest for name, *rest in rows(audited(), "race*sex")}
    assert found["race = c, sex = m"] == ["withheld", "", "<10"]
    assert found["race = b, sex = m"] == ["too few clusters", "", "20"]
    assert found["race = a, sex = m"][1] == "most selected"


def test_where_nobody_is_selected_there_is_no_ratio(audited):
    nobody = {who: (0, of) for who, (_, of) in SELECTED.items()}
    assert [row[2] for row in rows(audited(nobody), "sex")] == ["", ""]


def test_a_report_without_ratios_of_selection_has_no_such_table(rejected, audited):
    assert impact_tables(published(rejected.evidence.evaluation)) == []
    assert impact_tables(audited().model_copy(update={"ratios": None})) == []
    page = decision_report(rejected.decision, rejected.evidence, rejected.policy)
    assert "Impact ratios" not in page


def test_the_report_says_that_four_fifths_is_no_threshold_of_the_law(audited):
    candidate = Subject(name="n", source="s", digest=sha256(b"m"), training_data="sha256:t", submitter="ana")
    evidence = Evidence(candidate=candidate, evaluation=audited(), looks=1, code="0")
    decision = decide(POLICY, evidence, (), datetime(2026, 3, 2, tzinfo=UTC))
    page = decision_report(decision, evidence, POLICY)
    assert "four fifths (.80) is the federal rule of thumb (29 CFR 1607.4(D)), not a threshold of the law" in page
    assert "most selected" in page
    assert page.count('<table class="impact">') == 3


def test_every_category_of_a_large_table_has_its_ratio_to_the_most_selected():
    """Seven races by two sexes make 91 pairs, more than an evaluation keeps by their bounds."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"sex": rng.choice(["f", "m"], 14_000), "race": rng.choice(list("abcdefg"), 14_000)})
    said = (rng.random(14_000) < 0.3 + 0.02 * (table["race"].to_numpy() > "c")).astype(np.int64)
    dataset = Dataset(np.zeros((14_000, 0), np.float32), said, ("no", "yes"), table, np.arange(14_000))
    evaluation = measure(said, dataset, POLICY.evaluation, model="sha256:m", provider="none")
    (whole,) = [one for one in impact_tables(evaluation) if one.attribute == "race*sex"]
    assert len(whole.rows) == 14
    assert [row.ratio for row in whole.rows].count("most selected") == 1
    assert not any(row.ratio in ("not compared", "") for row in whole.rows)


def test_the_built_in_policy_gives_a_ratio_to_every_category_that_the_law_names_and_to_those_that_it_may_leave_out():
    """One of the seven races has less than 2 % of the people: it is not judged, and stands in the table."""
    rng = np.random.default_rng(4)
    share = [0.3, 0.2, 0.2, 0.1, 0.1, 0.085, 0.015]
    table = pd.DataFrame({"sex": rng.choice(["f", "m"], 14_000), "race": rng.choice(list("abcdefg"), 14_000, p=share)})
    said = (rng.random(14_000) < 0.5).astype(np.int64)
    dataset = Dataset(np.zeros((14_000, 0), np.float32), said, ("no", "yes"), table, np.arange(14_000))
    spec = load_policy("impact_ratio").evaluation
    evaluation = measure(said, dataset, spec, model="sha256:m", provider="none")
    found = {one.attribute: [row.ratio for row in one.rows] for one in impact_tables(published(evaluation))}
    assert {attribute: len(ratios) for attribute, ratios in found.items()} == {"sex": 2, "race": 7, "race*sex": 14}
    for ratios in found.values():
        assert ratios.count("most selected") == 1
        assert not {"not compared", ""} & set(ratios)
