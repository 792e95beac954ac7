from __future__ import annotations

from biasgate.gate.judgement import at_least, at_most
from biasgate.gate.measurements import Measured


def number(value: float, *, near: float, far: float) -> Measured:
    """A number with approving half-width ``near`` and the wider, proving one ``far``."""
    return Measured(value, (value - near, value + near), (value - far, value + far), 100, "test")


def test_the_widest_bound_decides_a_pass_not_the_largest_value():
    judged = at_most([number(0.05, near=0.01, far=0.02), number(0.04, near=0.08, far=0.1)], 0.1)
    assert (judged.outcome, judged.index) == ("insufficient", 1)


def test_a_violation_needs_the_bound_that_holds_for_all_numbers_at_once():
    assert at_most([number(0.15, near=0.04, far=0.06)], 0.1).outcome == "insufficient"
    proven = at_most([number(0.05, near=0.01, far=0.02), number(0.17, near=0.04, far=0.06)], 0.1)
    assert (proven.outcome, proven.index, round(proven.bound, 2)) == ("fail", 1, 0.11)


def test_lower_limits_mirror_upper_ones():
    numbers = [number(0.9, near=0.02, far=0.03), number(0.8, near=0.02, far=0.03)]
    judged = at_least(numbers, 0.75)
    assert (judged.outcome, judged.index, round(judged.bound, 2)) == ("pass", 1, 0.78)
    assert at_least(numbers, 0.79).outcome == "insufficient"
    assert at_least(numbers, 0.84).outcome == "fail"


def test_a_bound_on_the_margin_passes_and_proves_nothing():
    edge = Measured(0.05, (0.0, 0.1), (0.0, 0.1), 100, "test")
    assert at_most([edge], 0.1).outcome == "pass"
    assert at_most([Measured(0.15, (0.1, 0.2), (0.1, 0.2), 100, "test")], 0.1).outcome == "insufficient"
