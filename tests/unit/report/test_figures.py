"""Figures draw every estimate where it belongs."""

from hypothesis import given
from hypothesis import strategies as st

from biasgate.report.subgroup_figures import Axis, change_figure, gap_figure, rate_figures


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
