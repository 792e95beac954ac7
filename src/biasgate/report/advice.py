"""Advice in sentences, made from what was found and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from biasgate.contracts import wording
from biasgate.contracts.relevance import MARGINS, Finding
from biasgate.report.text import plain, points

_TRUE, _FALSE = "true_positive_rate", "false_positive_rate"


def advice(findings: Sequence[Finding]) -> list[str]:
    """What to do about findings, a paragraph each; for none, what their absence means.

    Findings on one label and attribute are read together. Rates of true and of false positives that are both higher in
    one subgroup, or heatmaps that lean there, point to an association that was learned: other data helps, a better
    view does not. Fewer true positives without that point to a label that is harder to see. An intersection is spoken
    of when none of its attributes alone shows the same. This reading is ours.
    """
    findings = [finding for finding in findings if not _is_told_by_one_attribute(finding, findings)]
    told = [
        sentence
        for key in dict.fromkeys(map(_topic, findings))
        for sentence in _about([f for f in findings if _topic(f) == key])
    ]
    return told or [
        "Nothing was found: no difference between subgroups is both proven and above "
        f"{points(MARGINS['rate'])} points of a rate or of relevance share, or {plain(MARGINS['lean'])} standard "
        "deviations of how far the network leans. A smaller difference, or one in subgroups that were not compared, "
        "may remain."
    ]


def _is_told_by_one_attribute(finding: Finding, findings: Sequence[Finding]) -> bool:
    """True for an intersection when one of its attributes alone shows the same, or more, on the same label."""
    parts = finding.attribute.split("*")
    tells = {finding.kind, "rate", "lean"} if finding.kind == "focus" else {finding.kind}
    return len(parts) > 1 and any(
        other.kind in tells and other.label == finding.label and other.attribute in parts for other in findings
    )


def _topic(finding: Finding) -> tuple[str | None, str]:
    return finding.label, "" if finding.kind == "unfocused" else finding.attribute


def _about(findings: list[Finding]) -> Iterable[str]:
    """One label and attribute."""
    label, attribute = findings[0].label or "the prediction", findings[0].attribute.replace("*", " × ")
    unfocused = [f for f in findings if f.kind == "unfocused"]
    if unfocused:
        yield _unfocused(label, unfocused)
        return
    leans, rates, focus = ([f for f in findings if f.kind == kind] for kind in ("lean", "rate", "focus"))
    said = "; ".join(_spoken(finding) for finding in (*_widest(rates), *_widest(leans), *_widest(focus)))
    yield f"{label} by {attribute}: {said}. {_cause(label, attribute, rates, leans, focus)}"


def _cause(label: str, attribute: str, rates: list[Finding], leans: list[Finding], focus: list[Finding]) -> str:
    if leans or _same_side(rates):
        regions = [region for lean in _widest(leans)[:1] for region in lean.regions]
        where = f" The lean comes from: {', '.join(regions)}." if regions else ""
        return (
            f"The network takes {attribute} itself for a sign of {label}.{where} See whether the training data shows "
            f"{label} more often with one {attribute}; gather or reweight until it does not, or repair with "
            f"counterfactual pairs that differ in {attribute} alone (biasgate repair). A lower threshold for one "
            "subgroup would hide it."
        )
    if rates:
        looks = " Relevance is spread beyond the label's regions there." if focus else ""
        return (
            f"No lean goes with it, so {label} is rather harder to see in one subgroup.{looks} Look at contrast, light "
            f"and sharpness of its images, gather more of them, and measure again; reweighting {label} will not help."
        )
    return (
        "No rate differs by more than the margin, so this alone is no harm; it may become one on other images. Look at "
        "the average heatmaps, and test on images with other light and background."
    )


def _same_side(rates: Sequence[Finding]) -> bool:
    """True when one subgroup has more true and more false positives than another."""
    sides = {
        measure: {(str(f.higher), str(f.lower)) for f in rates if f.measure == measure} for measure in (_TRUE, _FALSE)
    }
    return bool(sides[_TRUE] & sides[_FALSE])


def _widest(findings: Sequence[Finding]) -> list[Finding]:
    """The widest of each measure."""
    best: dict[str, Finding] = {}
    for finding in findings:
        if finding.measure not in best or best[finding.measure].estimate.value < finding.estimate.value:
            best[finding.measure] = finding
    return list(best.values())


def _spoken(finding: Finding) -> str:
    higher, lower = wording.group(finding.higher), wording.group(finding.lower)
    estimate = finding.estimate
    if finding.kind == "lean":
        limits = f"{plain(estimate.value)} standard deviations [{plain(estimate.low)}, {plain(estimate.high)}]"
        return f"{_method(finding.measure)} leans {limits} more towards it for {higher} than for {lower}"
    limits = f"{points(estimate.value)} points [{points(estimate.low)}, {points(estimate.high)}]"
    if finding.kind == "focus":
        return (
            f"{_method(finding.measure)} has {limits} more relevance inside its regions for {higher} than for {lower}"
        )
    return f"{finding.measure.replace('_', ' ')} is {limits} higher for {higher} than for {lower}"


def _method(name: str) -> str:
    return "LRP" if name == "lrp" else name.replace("_", " ")


def _unfocused(label: str, findings: list[Finding]) -> str:
    where = "; ".join(dict.fromkeys(f"{wording.group(f.higher)} ({_method(f.measure)})" for f in findings))
    return (
        f"{label}: heatmaps are not shown to be denser inside its regions than outside, for {where}. The network may "
        "decide by something else: look at where relevance does lie before trusting a good rate."
    )
