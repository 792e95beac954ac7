"""Policy: the YAML rules that turn evidence into a decision."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field, model_validator

from biasgate.contracts.evaluation import EvaluationSpec, MetricName
from biasgate.documents import Document
from biasgate.storage.sources import read_document, ready_names, source_text

PRECONDITIONS = ("evaluation", "looks", "repair", "weight_scan")
"""Names that results other than a rule's carry in a decision; no rule may take one."""

POLICIES = files("biasgate.gate").joinpath("policies")

GoodScore = Literal["balanced_accuracy", "roc_auc"]
"""Scores between 0 and 1 of which more is better."""

Reaction = Literal["ignore", "require_human", "reject"]


class WeightScanRule(Document):
    """What the weight scan may do: it can stop a candidate or call a person, never approve one.

    Attributes:
        flag_levels: A candidate is flagged when these levels together reach ``flag_probability``.
    """

    flag_levels: tuple[str, ...] = Field(min_length=1)
    flag_probability: float = Field(default=0.5, gt=0, le=1)
    on_flag: Reaction
    on_abstain: Reaction


class LabelledRule(Document):
    """What rules about measured numbers have in common.

    Attributes:
        label: Of a multi-label model the label that the rule asks about; every one of them when absent.
    """

    label: str | None = None


class FloorRule(LabelledRule):
    """The lower bound of a metric over the whole set must reach ``min``."""

    kind: Literal["floor"] = "floor"
    id: str
    metric: MetricName | GoodScore = "accuracy"
    min: float = Field(ge=0, le=1)


class WorstGroupRule(LabelledRule):
    """The lower bound of a metric must reach ``min`` in every subgroup of ``attribute``."""

    kind: Literal["worst_group"] = "worst_group"
    id: str
    metric: MetricName | GoodScore = "accuracy"
    attribute: str
    min: float = Field(ge=0, le=1)


class GapRule(LabelledRule):
    """The upper bound of the gap between any two subgroups of ``attribute`` must stay within ``max``."""

    kind: Literal["gap"] = "gap"
    id: str
    metric: MetricName | GoodScore | Literal["calibration_error"] = "accuracy"
    attribute: str
    max: float = Field(ge=0, le=1)


class RatioRule(LabelledRule):
    """The lower bound of the ratio of a metric between any two subgroups of ``attribute`` must reach ``min``.

    For ``selection_rate`` the smallest such ratio is the impact ratio of the least selected subgroup.
    """

    kind: Literal["ratio"] = "ratio"
    id: str
    metric: MetricName = "selection_rate"
    attribute: str
    min: float = Field(ge=0, le=1)


class CalibrationRule(LabelledRule):
    """The upper bound of the calibration error must stay within ``max``.

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["calibration"] = "calibration"
    id: str
    attribute: str | None = None
    max: float = Field(ge=0, le=1)


class CeilingRule(LabelledRule):
    """The upper bound of a metric of which less is better must stay within ``max``.

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["ceiling"] = "ceiling"
    id: str
    metric: Literal["false_positive_rate", "false_negative_rate", "log_loss", "calibration_error"]
    attribute: str | None = None
    max: float = Field(ge=0)


class CoverageRule(LabelledRule):
    """Subgroups must have at least ``units`` units among the trials of ``metric``; with fewer there is no approval.

    Attributes:
        metric: Equal opportunity needs units that are positive in every subgroup: ``true_positive_rate`` counts those.
        attribute: Every subgroup of it, or of attributes joined by ``*``, that the data hold.
        subgroups: Subgroups that the data must hold, by attribute values.
    """

    kind: Literal["coverage"] = "coverage"
    id: str
    metric: MetricName = "accuracy"
    attribute: str | None = None
    subgroups: tuple[dict[str, str], ...] = ()
    units: int = Field(gt=0)

    @model_validator(mode="after")
    def _covers_something(self) -> CoverageRule:
        if self.attribute is None and not self.subgroups:
            raise ValueError("name an attribute, subgroups, or both")
        return self


class ChampionRule(LabelledRule):
    """The candidate may lose at most ``max`` of a metric against the champion (paired, upper bound of the loss).

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["champion"] = "champion"
    id: str
    metric: MetricName | GoodScore = "accuracy"
    attribute: str | None = None
    max: float = Field(ge=0, le=1)


class RepairCostRule(LabelledRule):
    """A repair may cost at most ``max`` of a metric in the subgroup named (paired, upper bound of the loss)."""

    kind: Literal["repair_cost"] = "repair_cost"
    id: str
    metric: MetricName | GoodScore = "accuracy"
    subgroup: dict[str, str]
    max: float = Field(ge=0, le=1)


class ParityRule(Document):
    """The ONNX form may differ from its source by at most ``max`` in any logit."""

    kind: Literal["onnx_parity"] = "onnx_parity"
    id: str
    max: float = Field(gt=0)


class FreshnessRule(Document):
    """Data may be at most ``days`` old when the decision is made."""

    kind: Literal["freshness"] = "freshness"
    id: str
    of: Literal["evaluation_data", "training_data"] = "evaluation_data"
    days: int = Field(gt=0)


class SizeRule(Document):
    """The package's files may hold at most ``max`` bytes together."""

    kind: Literal["size"] = "size"
    id: str
    max: int = Field(gt=0)


class LatencyRule(Document):
    """The upper bound of the median time of a sample, in seconds, must stay within ``max``."""

    kind: Literal["latency"] = "latency"
    id: str
    max: float = Field(gt=0)


Rule = Annotated[
    FloorRule
    | WorstGroupRule
    | GapRule
    | RatioRule
    | CalibrationRule
    | CeilingRule
    | CoverageRule
    | ChampionRule
    | RepairCostRule
    | ParityRule
    | FreshnessRule
    | SizeRule
    | LatencyRule,
    Field(discriminator="kind"),
]


class Repair(Document):
    """Whether a candidate that is rejected for bias may be repaired, how, and within what budget."""

    methods: tuple[Literal["adversarial", "unlearning", "combined"], ...] = ()
    seconds: int = Field(default=600, gt=0)


class Policy(Document):
    """Rules that must all pass.

    Attributes:
        name: For people.
        evaluation: What is measured for this policy, and at which confidence the bounds decide.
        weight_scan: What the scan may do.
        rules: At least one, each with its own id: an empty policy approves nothing, so it is refused.
        repair: What may be tried on a candidate rejected for bias.
        looks: Looks allowed per test split.
        valid_days: How long an approval holds.
    """

    schema_: Literal["biasgate/policy/v1"] = Field(default="biasgate/policy/v1", alias="schema")
    name: str
    evaluation: EvaluationSpec
    weight_scan: WeightScanRule
    rules: tuple[Rule, ...] = Field(min_length=1)
    repair: Repair = Repair()
    looks: int = Field(gt=0)
    valid_days: int = Field(default=90, gt=0, le=3650)

    @model_validator(mode="after")
    def _ids_differ(self) -> Policy:
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError(f"rules need different ids, not {ids}")
        if taken := set(ids) & set(PRECONDITIONS):
            raise ValueError(f"{sorted(taken)} are names of the gate's own checks; choose other ids")
        return self


def ready_policies() -> tuple[str, ...]:
    """Names of the policies that come with biasgate."""
    return ready_names(POLICIES)


def policy_text(source: str) -> str:
    """The text of a policy: itself when it has several lines, else a ready policy's or that of a file or URI.

    Raises:
        InputError: There is no such file, or it is no text.
    """
    return source_text(source, ready=POLICIES)


def read_policy(source: str) -> Policy:
    """The policy in a text, file or URI, or a ready one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    return read_document(Policy, source, ready=POLICIES)


def compares_with_champion(policy: Policy) -> bool:
    """Whether a rule needs the champion to be measured beside the candidate."""
    return any(isinstance(rule, ChampionRule) for rule in policy.rules)
