"""A report reads from what decided to what the gate checks of itself, and breaks no interval."""

from hypothesis import given
from hypothesis import strategies as st

from biasgate.contracts.wording import rate
from biasgate.gate.decision import OWN_CHECKS
from biasgate.report.rules import reasons, rule_rows
from biasgate.report.text import unbroken


def test_what_passes_without_a_number_comes_last(approved):
    decision = approved.decision
    sentences = {result.sentence: result.rule for result in decision.rules}
    ordered = [sentences[sentence] for sentence in reasons(decision)]
    assert sorted(ordered) == sorted(sentences.values())
    assert set(ordered[-len(OWN_CHECKS) :]) == set(OWN_CHECKS)
    assert len(rule_rows(decision, approved.policy)) == len(decision.rules)


@given(st.floats(0, 1), st.floats(0, 1), st.text(alphabet="ab [],."))
def test_an_interval_has_no_place_to_break_within_its_brackets(low: float, high: float, around: str):
    told = f"[{rate(low)}, {rate(high)}]"
    shown = unbroken(f"{around} {told} {around}")
    assert told.replace(" ", "\u00a0") in shown
    assert shown.replace("\u00a0", " ") == f"{around} {told} {around}"
