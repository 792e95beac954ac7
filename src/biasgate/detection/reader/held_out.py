"""``HonestReport``: what a meta-classifier is worth on models it has never met."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.estimate import Estimate
from biasgate.detection.reader.calibration_test import CalibrationTest
from biasgate.documents import Document


class NamingScore(Document):
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


class ReaderScore(NamingScore):
    """How well one reader tells the planted bias of the test models, levels having an order.

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


class LeakAlarm(Document):
    """A reader that must fail: if it names levels, the zoo gives them away by something other than bias.

    Attributes:
        name: What it sees.
        levels: Share of exact levels, with a 99 % interval.
        limit: It rings when the whole interval lies above.
        rings: Whether it does.
    """

    name: str
    levels: Estimate
    limit: float
    rings: bool


class Comparison(Document):
    """The meta-classifier against the inference oracle on the same test models; negative: the meta-classifier is worse.

    Attributes:
        levels: Difference in exact levels.
        rmse: The oracle's RMSE minus the meta-classifier's.
    """

    levels: Estimate
    rmse: Estimate


class HonestReport(Document):
    """One look at the test split.

    Attributes:
        zoo: Digest of the zoo's spec.
        meta_classifier: Digest of the meta-classifier.
        level_names: From none to strongest.
        level_points: Where the levels lie on the bias axis.
        train: Models learned from.
        validation: Models calibrated on.
        test: Models scored; seeds, images and palettes of their own.
        score: The meta-classifier, abstentions counted like any reading.
        among_biased: The same of the models with planted bias, given that they have.
        none_or_any: Balanced accuracy of telling the level none from all others.
        accepted: Share of test models that a scan would not abstain from.
        measured_bias: See ``BiasScore``.
        oracle: The same learner on aligned and conflicting accuracy and swap rate: needs inference and coloured data.
        against_oracle: Paired differences.
        shortcuts: Readers of what bias also moves, which must be beaten.
        ablation: The reader on each feature group alone.
        leaks: Readers that must stay at chance.
        confusion: Test models by true level (rows) and most probable level (columns).
        planted: Planted strength of each test model on the bias axis.
        readings: Reading of each test model, in the same order.
    """

    schema_: Literal["biasgate/honest-report/v1"] = Field(default="biasgate/honest-report/v1", alias="schema")
    zoo: str
    meta_classifier: str
    level_names: tuple[str, ...]
    level_points: tuple[float, ...]
    train: int
    validation: int
    test: int
    score: ReaderScore
    among_biased: ReaderScore
    none_or_any: Estimate
    accepted: Estimate
    measured_bias: BiasScore
    oracle: ReaderScore
    against_oracle: Comparison
    shortcuts: tuple[ReaderScore, ...]
    ablation: tuple[ReaderScore, ...]
    leaks: tuple[LeakAlarm, ...]
    confusion: tuple[tuple[int, ...], ...]
    planted: tuple[float, ...]
    readings: tuple[float, ...]

    def values(self) -> dict[str, float]:
        """The point estimates by flat name, for a tracker of experiments."""
        scores = {"": self.score, "oracle_": self.oracle}
        scores |= {f"shortcut_{_flat(score.name)}_": score for score in self.shortcuts}
        fields = ("rmse", "mae", "levels", "halves", "extremes", "kappa", "log_loss", "brier")
        values = {f"{who}{field}": getattr(score, field).value for who, score in scores.items() for field in fields}
        bias = {f"measured_bias_{name}": getattr(self.measured_bias, name).value for name in BiasScore.model_fields}
        leaks = {f"leak_{_flat(alarm.name)}_levels": alarm.levels.value for alarm in self.leaks}
        return {**values, **bias, **leaks, "accepted": self.accepted.value, "alarms": sum(a.rings for a in self.leaks)}


def _flat(name: str) -> str:
    return name.replace(" ", "_")
