"""What a meta-classifier is worth on models that it has never met: the held-out report, and the challenger test."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from biasgate.contracts.estimate import Estimate
from biasgate.documents import Document


def _stored_as(key: str) -> Any:
    """A field whose key in stored documents is another word."""
    return Field(validation_alias=key, serialization_alias=key)


class CalibrationTest(Document):
    """Two tests of the hypothesis that each model's level was drawn with the stated probabilities.

    Attributes:
        z: Spiegelhalter's statistic; above zero the probabilities are too sure of themselves, below too timid.
        sureness: Its two-sided p-value.
        chi_square: How far the counts of the levels are from the sums of their probabilities, levels − 1 degrees of
            freedom.
        counts: Its p-value.
    """

    z: float
    sureness: float = Field(ge=0, le=1)
    chi_square: float = Field(ge=0)
    counts: float = Field(ge=0, le=1)


class LevelScore(Document):
    """How well one reader names the planted levels of the test models.

    Attributes:
        name: The reader.
        levels: Share of models whose level is named exactly.
        log_loss: Mean −log of the probability given to the true level.
        brier: Mean squared distance of the probabilities from the truth; 0 to 2.
        calibration: Whether the probabilities can be what they say.
    """

    name: str
    levels: Estimate
    log_loss: Estimate
    brier: Estimate
    calibration: CalibrationTest


class StrengthScore(LevelScore):
    """How well one reader tells the planted strength of the test models, levels having an order.

    Attributes:
        rmse: Root mean squared error on the bias axis.
        mae: Mean absolute error on the bias axis.
        halves: Share put into the right half of the scale; of an odd number of levels the middle one is left out.
        extremes: Of models at the two ends, the share given the right one of the two.
        kappa: Cohen's kappa with quadratic weights.
    """

    rmse: Estimate
    mae: Estimate
    halves: Estimate
    extremes: Estimate
    kappa: Estimate


class BiasScore(Document):
    """How well the measured bias is told from weights.

    Attributes:
        rmse: In accuracy points, 0 to 2.
        r2: Share of the variance over all test models that is explained.
        within_level: The same, beyond what the planted level explains: 1 − Σ(y − ŷ)² / Σ(y − mean of y's level)².
        coverage: Share of models whose measured bias lies in its 95 % interval.
    """

    rmse: Estimate
    r2: Estimate
    within_level: Estimate
    coverage: Estimate


class NegativeControl(Document):
    """A reader that must stay at chance: if it names levels, the zoo gives them away by something other than bias.

    Attributes:
        name: What it sees.
        levels: Share of exact levels, with a 99 % interval.
        limit: The control fails when the whole interval lies above.
        failed: Whether it does.
    """

    name: str
    levels: Estimate
    limit: float
    failed: bool = _stored_as("rings")


class Comparison(Document):
    """The meta-classifier against the behavioural reference on the same test models; below zero it is worse.

    Attributes:
        levels: Difference in exact levels.
        rmse: The reference's RMSE minus the meta-classifier's.
    """

    levels: Estimate
    rmse: Estimate


class _HeldOut(Document):
    """What both kinds of report hold.

    Attributes:
        zoo: Digest of the zoo's spec.
        meta_classifier: Digest of the meta-classifier.
        level_names: From none to strongest, or the subgroups.
        train: Models learned from.
        validation: Models calibrated on.
        test: Models scored; seeds, images and palettes (or persons) of their own.
        accepted: Share of test models that a scan would not abstain from.
        negative_controls: Readers that must stay at chance.
        confusion: Test models by true level (rows) and most probable level (columns).
    """

    zoo: str
    meta_classifier: str
    level_names: tuple[str, ...]
    train: int
    validation: int
    test: int
    accepted: Estimate
    negative_controls: tuple[NegativeControl, ...] = _stored_as("leaks")
    confusion: tuple[tuple[int, ...], ...]


class StrengthReport(_HeldOut):
    """One look at the test split of a zoo whose levels have an order.

    Attributes:
        level_points: Where the levels lie on the bias axis.
        score: The meta-classifier, abstentions counted like any reading.
        among_biased: The same of the models with planted bias, given that they have.
        none_or_any: Balanced accuracy of telling the level none from all others.
        measured_bias: How well the measured bias is told.
        reference: The same learner on aligned and conflicting accuracy and swap rate: the behavioural reference, which
            needs inference and coloured data.
        against_reference: Paired differences.
        shortcuts: Readers of what bias also moves, which must be beaten.
        ablation: The reader on each group of features alone.
        planted: Planted strength of each test model on the bias axis.
        readings: Reading of each test model, in the same order.
    """

    schema_: Literal["biasgate/honest-report/v1"] = Field(default="biasgate/honest-report/v1", alias="schema")
    level_points: tuple[float, ...]
    score: StrengthScore
    among_biased: StrengthScore
    none_or_any: Estimate
    measured_bias: BiasScore
    reference: StrengthScore = _stored_as("oracle")
    against_reference: Comparison = _stored_as("against_oracle")
    shortcuts: tuple[StrengthScore, ...]
    ablation: tuple[StrengthScore, ...]
    planted: tuple[float, ...]
    readings: tuple[float, ...]

    def values(self) -> dict[str, float]:
        """The point estimates by flat name, for a tracker of experiments."""
        bias = {f"measured_bias_{name}": getattr(self.measured_bias, name).value for name in BiasScore.model_fields}
        return _values(self, ("rmse", "mae", "levels", "halves", "extremes", "kappa", "log_loss", "brier")) | bias


class SubgroupReport(_HeldOut):
    """One look at the test split of a zoo whose models each favour a subgroup (``planting: group``).

    Attributes:
        score: The meta-classifier, abstentions counted like any reading.
        reference: The same learner on the accuracies in all subgroups: the behavioural reference, which needs
            inference and people of each subgroup.
        against_reference: Exact subgroups less those of the reference, paired.
        shortcuts: Readers of what bias also moves, which must be beaten.
        ablation: The reader on each group of features alone.
    """

    schema_: Literal["biasgate/group-report/v1"] = Field(default="biasgate/group-report/v1", alias="schema")
    score: LevelScore
    reference: LevelScore = _stored_as("oracle")
    against_reference: Estimate = _stored_as("against_oracle")
    shortcuts: tuple[LevelScore, ...]
    ablation: tuple[LevelScore, ...]

    def values(self) -> dict[str, float]:
        """The point estimates by flat name, for a tracker of experiments."""
        return _values(self, ("levels", "log_loss", "brier"))


HeldOutReport: TypeAlias = StrengthReport | SubgroupReport


class ChallengerTest(Document):
    """A challenger against the champion on test models that neither has met.

    Attributes:
        challenger: Digest.
        champion: Digest.
        excess_error: Challenger's minus champion's expected level error Σ p(level) · |level − truth|, in levels (of
            subgroups: Σ p(any other)), paired by model; below zero the challenger is better.
        margin: How much worse still counts as not worse.
        non_inferior: Whether the whole interval lies below the margin.
    """

    schema_: Literal["biasgate/succession/v1"] = Field(default="biasgate/succession/v1", alias="schema")
    challenger: str
    champion: str = _stored_as("incumbent")
    excess_error: Estimate
    margin: float
    non_inferior: bool


def _values(report: HeldOutReport, fields: tuple[str, ...]) -> dict[str, float]:
    scores: dict[str, LevelScore] = {"": report.score, "reference_": report.reference}
    scores |= {f"shortcut_{_flat(score.name)}_": score for score in report.shortcuts}
    controls = {f"control_{_flat(control.name)}_levels": control.levels.value for control in report.negative_controls}
    failed = sum(control.failed for control in report.negative_controls)
    return {
        **{f"{who}{field}": getattr(score, field).value for who, score in scores.items() for field in fields},
        **controls,
        "accepted": report.accepted.value,
        "failed_controls": failed,
    }


def _flat(name: str) -> str:
    return name.replace(" ", "_")
