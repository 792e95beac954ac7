"""What to measure (``EvaluationSpec``) and what was measured (``Evaluation``)."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from biasgate.contracts.estimate import Clusters, Estimate
from biasgate.documents import Document

MetricName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
"""The name of a metric; ``statistics.catalogue`` knows them all."""

MOST_PAIRS = 66
"""Pairs of subgroups that an evaluation keeps for one metric and combination: all pairs of 12 subgroups."""


PREDICTIONS = "predictions"
"""Stands for a provider where predictions were measured and no model was run."""
Probability = Annotated[float, Field(ge=0, le=1)]


class EvaluationSpec(Document):
    """Which metrics over which subgroups.

    Attributes:
        metrics: Names of rates; all but ``accuracy`` need ``positive``, or two classes.
        scores: Names of metrics that are no rate of rows, most of which take the model's probabilities; none when
            absent.
        attributes: Attributes to break down by, each alone.
        depth: Intersections of up to this many attributes as well.
        strata: Attributes within whose values subgroups are compared as well, such as the department that people
            applied to; one value of each makes a stratum.
        at: Operating points at which rates are measured, in the place of the predicted class: a row is positive whose
            probability of the positive class reaches the number, or is above the ``median`` of all rows, by their
            sampling weights, as in a scoring rate. Each makes a label, ``scores from 0.3`` or ``scores above the
            median``.
        each_class: True when rates that need a positive class are measured for each class against the others: each
            class makes a label.
        positive: The class that counts as positive, against all others; by default the second of two. A multi-label
            set has none: having a label is positive.
        confidence: Two-sided confidence of every reported interval.
        minimum: Cells whose clusters are worth fewer, by Kish's number, are reported as insufficient, without a value.
        proofs: Rules that may each prove a violation: the bounds that prove hold for all of them at once, so that a
            candidate at every margin is rejected no more often than one at a single one. Each rule alone when absent.
    """

    schema_: Literal["biasgate/evaluation-spec/v1"] = Field(default="biasgate/evaluation-spec/v1", alias="schema")
    metrics: tuple[MetricName, ...] = ("accuracy",)
    scores: tuple[MetricName, ...] | None = None
    attributes: tuple[str, ...] = Field(min_length=1)
    depth: int = Field(default=1, ge=1, le=4)
    strata: tuple[str, ...] | None = Field(default=None, min_length=1)
    at: tuple[Probability | Literal["median"], ...] | None = Field(default=None, min_length=1, max_length=101)
    each_class: bool | None = None
    positive: str | None = None
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    minimum: int = Field(default=30, ge=1)
    proofs: int | None = Field(default=None, ge=1)

    @property
    def proving(self) -> float:
        """Two-sided confidence of the bounds that prove, of one rule of ``proofs`` (Bonferroni)."""
        return 1 - (1 - self.confidence) / (self.proofs or 1)


def combination(subgroup: dict[str, str]) -> str:
    """The attributes that a subgroup is a cell of: ``alignment``, ``alignment*colour``; empty for the whole set."""
    return "*".join(sorted(subgroup))


def worth(effective: float, clusters: int) -> float | None:
    """Of so many clusters how many they are worth, for a document; nothing where they are worth all of them."""
    return effective if abs(effective - clusters) > 1e-9 * clusters else None


class Cell(Document):
    """One metric in one subgroup.

    Attributes:
        metric: Its name.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values; empty for the whole set.
        successes: Numerator of the rate, in rows.
        trials: Denominator of the rate, in rows; zero when no row has these attribute values.
        clusters: Independent clusters among the trials.
        effective: How many clusters of equal size and weight they are worth, Kish's (Σm)²/Σm²; absent where all.
        estimate: Rate with its bounds; absent when the clusters are worth fewer than the minimum: such a cell is
            insufficient evidence.
        bounds: (lower, upper) of the rate, each one-sided at ``(1 + confidence) / 2``: Clopper–Pearson, or
            ``statistics.bounded_mean`` when clustered or weighted. The lowest lower bound over subgroups is a valid
            bound of the worst subgroup: it approves.
        simultaneous: Like ``bounds``, Bonferroni-corrected so that they hold for all subgroups of this combination, and
            all labels, at once: only these may prove that some subgroup violates a limit.
        clustered: True when clusters repeat within the cell, so that interval and bounds are cluster-robust.
    """

    metric: MetricName
    label: str | None = None
    subgroup: dict[str, str]
    successes: int
    trials: int
    clusters: Clusters
    effective: float | None = None
    estimate: Estimate | None = None
    bounds: tuple[float, float] | None = None
    simultaneous: tuple[float, float] | None = None
    clustered: bool = False


class Gap(Document):
    """The difference of one metric between two subgroups of one attribute combination.

    Attributes:
        metric: Its name.
        label: The label that is asked for, of a multi-label set.
        attribute: Attribute, or ``*``-joined attributes, whose values tell the two subgroups apart
            (see ``combination``).
        higher: Subgroup with the higher rate (the first in order when equal or unknown).
        lower: Subgroup with the lower rate.
        given: The strata within one of which both subgroups lie; absent when they are compared as they are.
        estimate: higher − lower, with the interval that is reported; absent when either cell is insufficient.
        bounds: (lower, upper) of the **absolute** difference. A two-sided interval [l, u] of the signed difference,
            each end one-sided at ``(1 + confidence) / 2``, gives max(0, l) and max(u, −l): since the direction is
            chosen by looking, the gap is within a margin only when both ends of [l, u] are. The highest upper
            bound over the pairs is a valid bound of the widest gap: it approves.
        simultaneous: Like ``bounds``, Bonferroni-corrected over the pairs of this metric and combination, of all
            labels: only its lower end may prove that some gap exceeds a limit.
        paired: True when both subgroups hold the same clusters, one row each (a digit recoloured): the interval is a
            paired one.
        p_value: Test of no difference (exact McNemar when paired, else a score test), Holm-corrected over the pairs of
            this metric and combination, of all labels.
    """

    metric: MetricName
    label: str | None = None
    attribute: str
    higher: dict[str, str]
    lower: dict[str, str]
    given: tuple[str, ...] | None = None
    estimate: Estimate | None = None
    bounds: tuple[float, float] | None = None
    simultaneous: tuple[float, float] | None = None
    paired: bool
    p_value: float | None = None


class Ratio(Document):
    """The ratio of one metric between two subgroups of one attribute combination, such as an impact ratio.

    Attributes:
        metric: Its name.
        label: The label that is asked for, of a multi-label set.
        attribute: Attribute, or ``*``-joined attributes (see ``combination``).
        higher: Subgroup with the higher rate (the first in order when equal or unknown): the denominator.
        lower: Subgroup with the lower rate.
        given: The strata within one of which both subgroups lie; absent when they are compared as they are.
        estimate: lower / higher, with the limits of ``statistics.two_rates``, narrowed by what shared clusters have in
            common; absent when either cell is insufficient, or no row of either succeeded.
        bounds: (lower, upper) of the smaller rate over the larger, whichever is which, each one-sided at
            ``(1 + confidence) / 2``: the same limits, which shared clusters may only widen. The lowest lower bound over
            the pairs is a valid bound of the smallest ratio: it approves.
        simultaneous: Like ``bounds``, Bonferroni-corrected over the pairs of this metric and combination, of all
            labels: only its upper end may prove that some ratio falls below a limit.
    """

    metric: MetricName
    label: str | None = None
    attribute: str
    higher: dict[str, str]
    lower: dict[str, str]
    given: tuple[str, ...] | None = None
    estimate: Estimate | None = None
    bounds: tuple[float, float] | None = None
    simultaneous: tuple[float, float] | None = None


class Score(Document):
    """One number that is no rate of rows, in one subgroup.

    Attributes:
        metric: Its name.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values; empty for the whole set.
        rows: Rows of the subgroup.
        clusters: Independent clusters; of the rarest class where the metric compares classes.
        effective: How many clusters of equal size and weight they are worth; absent where all.
        estimate: The number with its interval (see the metric's file in ``statistics.metrics``); absent when there are
            fewer clusters than the minimum.
        bounds: (lower, upper), each one-sided at ``(1 + confidence) / 2``: they approve.
        simultaneous: Bonferroni-corrected over the subgroups of this combination: they prove.
    """

    metric: MetricName
    label: str | None = None
    subgroup: dict[str, str]
    rows: int | None = None
    clusters: Clusters
    effective: float | None = None
    estimate: Estimate | None = None
    bounds: tuple[float, float] | None = None
    simultaneous: tuple[float, float] | None = None


class Disparity(Document):
    """The extremes of a metric over all subgroups of one combination, in one number.

    Attributes:
        name: As fairlearn has it: ``demographic_parity_difference`` and ``_ratio`` (of selection rates),
            ``equal_opportunity_…`` (of true positive rates), ``equalized_odds_…`` (the worse of those of true and of
            false positive rates), else ``<metric>_difference`` and ``<metric>_ratio``.
        label: The label that is asked for, of a multi-label set.
        attribute: Attribute, or ``*``-joined attributes (see ``combination``).
        groups: Subgroups compared.
        estimate: Largest − smallest rate, or smallest / largest, with an interval from draws of counts that allows for
            the extremes having been picked; absent when a subgroup is insufficient: no other would be the same
            number. ``n`` is the smallest subgroup's clusters.
        shrunk: The difference that is expected of the true rates, by empirical Bayes: the estimate is biased upwards,
            eight equal groups of 100 differ by .085 on average.
    """

    name: str
    label: str | None = None
    attribute: str
    groups: int
    estimate: Estimate | None = None
    shrunk: float | None = None


class Change(Document):
    """A metric of one subgroup of the model under test − an earlier model's, on the same rows (paired).

    A cell with fewer clusters than the minimum has no change, nor has precision, whose rows are each model's own: a
    rule that finds none has insufficient evidence. Scores change by square-and-add of both intervals, with the
    correlation of what the rows add to each in what is reported, and without it in what decides.

    Attributes:
        metric: Its name.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values; empty for the whole set.
        before: Rate of the earlier model: the one before a repair, or the champion.
        after: Rate of the model under test.
        estimate: after − before, Newcombe's paired interval (on the effective sample size when clusters repeat).
        bounds: (lower, upper) of after − before, each one-sided at ``(1 + confidence) / 2``, square-and-add of
            Clopper–Pearson limits: a loss is at most ``−bounds[0]``.
        simultaneous: Like ``bounds``, Bonferroni-corrected over all changes of this metric: only these may prove that
            some subgroup lost.
        p_value: Exact McNemar test of no change, uncorrected; absent when clusters repeat.
    """

    metric: MetricName
    label: str | None = None
    subgroup: dict[str, str]
    before: float
    after: float
    estimate: Estimate
    bounds: tuple[float, float]
    simultaneous: tuple[float, float] | None = None
    p_value: float | None = None


class Comparison(Document):
    """What changed against another model that was run on the same rows.

    Attributes:
        model: Digest of its package.
        changes: The model under test − this one, for every sufficient cell.
    """

    model: str
    changes: tuple[Change, ...]


class Evaluation(Document):
    """Everything measured by running one candidate on one data set.

    Attributes:
        model: Digest of the candidate's package.
        data: Digest of the data set.
        spec: Digest of the evaluation spec.
        labels: The labels of a multi-label set, the operating points or the classes, each measured on its own; absent
            when there is one question.
        rows: Samples that were run.
        clusters: Independent clusters among them.
        cells: Every metric in every subgroup; the whole set first.
        gaps: For each metric, label and attribute combination every pair of subgroups, the widest first, insufficient
            ones last. Of more than 66 pairs (12 subgroups) only the 66 with the highest upper bounds are kept, and as
            many insufficient ones: what approves is always among them.
        ratios: Likewise the ratios, the smallest first; those with the highest rate of all are kept beside the 66.
        disparities: The extremes of each metric over each combination, by fairlearn's names; they decide nothing, since
            gaps and ratios bound every pair.
        scores: Every score in every subgroup; absent when the spec asks for none.
        swap_rate: Share of clusters whose prediction changes when only the attribute changes, over those with rows of
            one label and several attribute values; absent when fewer than the minimum are such.
        changes: Against ``before``, for every sufficient cell, when a repair is judged.
        before: Digest of the package that ``changes`` compares with.
        champion: The comparison with the champion, when it was run too.
        provider: ONNX Runtime provider that was really used, or ``predictions``: see ``ran``.
        latency: Median seconds a sample over the batches, on the machine and at the moment of the measurement: unlike
            all else here it differs from one run to the next. Absent when there were too few batches.
        collected: When the last of the data set was gathered, as its source says.
        truth: Rows of each class, or with each label, that the data set says are true; absent in older documents.
        copies: Rows that equal one of another cluster in input, label and attributes, and count as one cluster with it;
            absent when there are none, or the data source declares what the clusters are.
        alike: Such rows that count each, since the columns hold too few values to tell copies from different people.
        unknown: Rows whose value is unknown, by attribute and, of depth two or more, by combination: they count in the
            whole set and in no subgroup. Absent when there are none.
        dropped: Rows that the data source left out, by reason.
        pooled: Values that the data source put together: rows by attribute, name of the group and value as written.
    """

    schema_: Literal["biasgate/evaluation/v1"] = Field(default="biasgate/evaluation/v1", alias="schema")
    model: str
    data: str
    spec: str
    labels: tuple[str, ...] | None = None
    rows: int
    clusters: Clusters
    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]
    ratios: tuple[Ratio, ...] | None = None
    disparities: tuple[Disparity, ...] | None = None
    scores: tuple[Score, ...] | None = None
    swap_rate: Estimate | None = None
    changes: tuple[Change, ...] = ()
    before: str | None = None
    champion: Comparison | None = None
    provider: str
    latency: Estimate | None = None
    collected: date | None = None
    truth: dict[str, int] | None = None
    copies: int | None = None
    alike: int | None = None
    unknown: dict[str, int] | None = None
    dropped: dict[str, int] | None = None
    pooled: dict[str, dict[str, dict[str, int]]] | None = None

    @property
    def ran(self) -> bool:
        """Whether the model was run; else predictions were measured as they were handed over."""
        return self.provider != PREDICTIONS

    def values(self) -> dict[str, float]:
        """Rates by name, such as ``accuracy/all``, ``accuracy/alignment.conflicting`` and, of a label,
        ``accuracy/AU12/gender.feminine``; MLflow takes these names.
        """
        return {_metric_name(cell): cell.estimate.value for cell in self.cells if cell.estimate}


def _metric_name(cell: Cell) -> str:
    subgroup = " ".join(f"{name}.{value}" for name, value in sorted(cell.subgroup.items())) or "all"
    parts = [cell.metric, *([cell.label] if cell.label else []), subgroup]
    return "/".join(re.sub(r"[^\w.\- ]", "_", part) for part in parts)
