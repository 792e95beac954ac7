"""What to measure (``EvaluationSpec``) and what was measured (``Evaluation``)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.documents import Document
from biasgate.statistics.estimate import Estimate

MetricName = Literal["accuracy", "true_positive_rate", "false_positive_rate", "selection_rate"]


class EvaluationSpec(Document):
    """Which metrics over which subgroups.

    Attributes:
        metrics: Names; all but ``accuracy`` need a binary task (or a ``positive`` class).
        attributes: Attributes to break down by, each alone.
        depth: Intersections of up to this many attributes as well.
        positive: The class that counts as positive for rates.
        confidence: Two-sided confidence of every reported interval.
        minimum: Cells with fewer units are reported as insufficient, without a value.
    """

    schema_: Literal["biasgate/evaluation-spec/v1"] = Field(default="biasgate/evaluation-spec/v1", alias="schema")
    metrics: tuple[MetricName, ...] = ("accuracy",)
    attributes: tuple[str, ...] = Field(min_length=1)
    depth: int = Field(default=1, ge=1, le=4)
    positive: str | None = None
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    minimum: int = Field(default=30, ge=1)


class Cell(Document):
    """One metric in one subgroup.

    Attributes:
        metric: Its name.
        subgroup: Attribute values; empty for the whole set.
        successes: Numerator of the rate, in rows.
        trials: Denominator of the rate, in rows.
        estimate: Rate with a Wilson interval; absent when there are fewer units than the minimum.
        bounds: One-sided bounds that decide (Clopper–Pearson, each at ``(1 + confidence) / 2``).
        clustered: True when units repeat within the cell, so that the bounds are cluster-robust instead.
    """

    metric: MetricName
    subgroup: dict[str, str]
    successes: float
    trials: int
    units: int
    estimate: Estimate | None = None
    bounds: tuple[float, float] | None = None
    clustered: bool = False


class Gap(Document):
    """The difference of one metric between two subgroups of one attribute combination.

    Attributes:
        metric: Its name.
        higher: Subgroup with the higher rate.
        lower: Subgroup with the lower rate.
        estimate: higher − lower, with the interval that is reported.
        bounds: The interval that decides.
        paired: True when both subgroups hold the same units (a digit recoloured): the interval is a paired one.
        p_value: Test of no difference (McNemar when paired), Holm-corrected over the gaps of this metric.
    """

    metric: MetricName
    attribute: str
    higher: dict[str, str]
    lower: dict[str, str]
    estimate: Estimate | None = None
    bounds: tuple[float, float] | None = None
    paired: bool
    p_value: float | None = None


class Change(Document):
    """A metric of one subgroup after − before a repair, on the same rows (paired)."""

    metric: MetricName
    subgroup: dict[str, str]
    before: float
    after: float
    estimate: Estimate


class Evaluation(Document):
    """Everything measured by running one candidate on one data set.

    Attributes:
        model: Digest of the candidate's package.
        data: Digest of the data set.
        spec: Digest of the evaluation spec.
        rows: Samples that were run.
        units: Independent units among them.
        cells: Every metric in every subgroup; the whole set first.
        gaps: For each metric and attribute, the widest pair first.
        swap_rate: Share of units whose prediction changes when only the attribute changes, where units hold such pairs.
        changes: Against ``before``, when a repair is judged.
        before: Digest of the package that ``changes`` compares with.
        provider: ONNX Runtime provider that was really used.
    """

    schema_: Literal["biasgate/evaluation/v1"] = Field(default="biasgate/evaluation/v1", alias="schema")
    model: str
    data: str
    spec: str
    rows: int
    units: int
    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]
    swap_rate: Estimate | None = None
    changes: tuple[Change, ...] = ()
    before: str | None = None
    provider: str
