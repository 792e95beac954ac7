from __future__ import annotations

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.relevance import Finding, Kind
from biasgate.report.advice import advice

ESTIMATE = Estimate(value=0.2, low=0.15, high=0.25, n=400, method="t")
PRESENT, FALSE = "true_positive_rate", "false_positive_rate"


def finding(kind: Kind, measure: str, *, attribute: str = "gender", turned: bool = False, **more) -> Finding:
    first, second = (dict.fromkeys(attribute.split("*"), value) for value in ("a", "b"))
    higher, lower = (second, first) if turned else (first, second)
    return Finding(
        kind=kind, label="AU12", measure=measure, attribute=attribute, higher=higher, lower=lower,
        estimate=ESTIMATE, p_value=0.001, **more,
    )  # fmt: skip


def test_a_lean_is_told_as_an_association_with_its_regions() -> None:
    (told,) = advice([finding("rate", FALSE), finding("lean", "lrp", regions={"mouth": ESTIMATE, "brows": ESTIMATE})])
    assert "takes gender itself for a sign of AU12" in told
    assert "mouth, brows" in told
    assert "20 points [15, 25] higher for a than for b" in told


def test_more_true_and_more_false_positives_on_one_side_are_an_association_too() -> None:
    (same,) = advice([finding("rate", PRESENT), finding("rate", FALSE)])
    (opposite,) = advice([finding("rate", PRESENT), finding("rate", FALSE, turned=True)])
    assert "takes gender itself" in same
    assert "harder to see" in opposite
    assert "takes gender itself" not in opposite


def test_an_intersection_is_told_only_when_no_attribute_alone_tells_it() -> None:
    alone, both = finding("focus", "lrp"), finding("focus", "lrp", attribute="gender*skin")
    assert len(advice([alone, both])) == 1
    assert "gender × skin" in advice([both])[0]
    assert "gender × skin" in " ".join(advice([finding("focus", "lrp", attribute="age"), both]))


def test_heatmaps_that_miss_a_label_are_told_first_of_all() -> None:
    whole = finding("unfocused", "lrp").model_copy(update={"attribute": "", "higher": {}, "lower": {}})
    assert "not shown to be denser" in advice([whole])[0]


def test_without_findings_the_margins_are_told_and_no_all_clear_is_given() -> None:
    (told,) = advice([])
    assert "Nothing was found" in told
    assert "may remain" in told
