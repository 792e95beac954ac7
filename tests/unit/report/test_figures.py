"""Figures draw every estimate where it belongs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from biasgate import evaluate, load_policy
from biasgate.report.evaluation import evaluation_page
from biasgate.report.forest import RAISED, forest
from biasgate.report.subgroup_figures import Axis, change_figure, gap_figure, rate_figures, ratio_figure


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_an_axis_holds_every_value_with_few_ticks(values):
    axis = Axis.over(values)
    assert all(-0.01 <= axis.at(value) <= 100.01 for value in values)
    assert 2 <= len(axis.ticks) <= 9
    assert axis.at(axis.ticks[-1]) == 100


def test_the_policys_minimum_is_drawn_only_where_a_rule_sets_one(rejected):
    (figure,) = rate_figures(rejected.evidence.evaluation, rejected.policy)
    lines = {track.label: track.threshold for track in (*figure.tracks, *figure.more)}
    assert lines["whole set"] == 0.8
    assert lines["alignment = conflicting"] == 0.75
    assert lines["ink = thin"] is None
    assert lines["alignment = conflicting, ink = thin"] is None


def test_the_widest_gap_of_each_attribute_leads_and_the_others_fold_away(rejected):
    evaluation = rejected.evidence.evaluation
    figure = gap_figure(evaluation, rejected.policy)
    assert len(figure.tracks) == len({(gap.metric, gap.attribute) for gap in evaluation.gaps})
    assert len(figure.tracks) + len(figure.more) == len(evaluation.gaps)
    assert figure.tracks[0].threshold == 0.1


def test_the_smallest_ratio_within_each_stratum_leads_with_the_minimum_that_the_policy_sets():
    dept, sex = np.repeat(["easy", "hard"], 400), np.tile(np.repeat(["f", "m"], 200), 2)
    taken = np.concatenate([np.arange(200) < chosen for chosen in (90, 140, 20, 30)])
    policy = load_policy(
        "name: p\nevaluation: {metrics: [selection_rate], attributes: [sex], strata: [dept]}\n"
        "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
        "rules: [{id: r, kind: ratio, attribute: sex, given: [dept], min: 0.8}]\nlooks: 1\n"
    )
    people = {"dept": dept, "sex": sex}
    evaluation = evaluate(y_true=taken.astype(int), y_pred=taken.astype(int), attributes=people, policy=policy)
    figure = ratio_figure(evaluation, policy)
    (within,) = [track for track in figure.tracks if "within each dept" in track.label]
    assert within.marks[0].text.startswith("easy, f ÷ easy, m: .64 [")
    assert within.threshold == 0.8
    (apart,) = [track for track in figure.tracks if "within" not in track.label]
    assert (apart.marks[0].text[:7], apart.threshold) == ("f ÷ m: ", None)
    assert "Ratios" in evaluation_page(evaluation, policy)


def test_an_earlier_evaluation_adds_a_mark_and_changes_no_other(approved):
    now = approved.evidence.evaluation
    alone = rate_figures(now, approved.policy)[0]
    beside = rate_figures(now, approved.policy, before=approved.before)[0]
    assert not alone.compares
    assert beside.compares
    for one, two in zip(alone.tracks, beside.tracks, strict=True):
        assert [mark.when for mark in two.marks] == ["before", "now"]
        assert two.marks[1:] == one.marks


def test_a_loss_is_held_against_what_the_policy_allows(approved):
    figure = change_figure(approved.evidence.evaluation, approved.policy)
    lines = {track.label: track.threshold for track in figure.tracks}
    assert lines["accuracy, alignment = aligned"] == -0.08
    assert lines["accuracy, alignment = conflicting"] is None


def test_a_picture_of_a_repair_draws_what_was_hollow_above_what_is(approved):
    evaluation, before = approved.evidence.evaluation, approved.before
    alone, both = (forest(evaluation, before=earlier).axes[0].lines for earlier in (None, before))
    hollow = [line for line in both if line.get_markerfacecolor() == "white"]
    rates = {round(cell.estimate.value, 9) for cell in before.cells if cell.metric == "accuracy" and cell.estimate}
    assert not any(line.get_markerfacecolor() == "white" for line in alone)
    ends = [np.asarray(line.get_xydata())[0].tolist() for line in hollow]
    assert {round(x, 9) for x, _ in ends} == rates
    assert all(y % 1 == 1 - RAISED for _, y in ends)
