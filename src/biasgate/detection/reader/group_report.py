"""``GroupReport``: what a reader of groups is worth on models that it has never met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from biasgate.contracts.estimate import Estimate
from biasgate.detection.features.signed_colour import SIGNED_GROUPS
from biasgate.detection.features.table import comparable
from biasgate.detection.reader import columns
from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.detection.reader.fit import View, features_of
from biasgate.detection.reader.held_out import LeakAlarm, NamingScore
from biasgate.detection.reader.negative_controls import leak_alarms
from biasgate.detection.reader.protocol import levels_difference, only
from biasgate.detection.reader.scores import score_naming, share
from biasgate.detection.reader.trial import Trial
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.documents import Document, digest

if TYPE_CHECKING:
    import pandas as pd


class GroupReport(Document):
    """One look at the test split of a zoo that is planted by ``group``.

    Attributes:
        zoo: Digest of the zoo's spec.
        meta_classifier: Digest of the meta-classifier.
        level_names: The groups.
        train: Models learned from.
        validation: Models calibrated on.
        test: Models scored; seeds and persons of their own.
        score: The meta-classifier, abstentions counted like any reading.
        accepted: Share of test models that a scan would not abstain from.
        oracle: The same learner on the accuracies in all groups: needs inference and people of each group.
        against_oracle: Exact groups less those of the oracle, paired.
        shortcuts: Readers of what bias also moves, which must be beaten.
        ablation: The reader on each group of features alone.
        leaks: Readers that must stay at chance.
        confusion: Test models by planted group (rows) and most probable group (columns).
    """

    schema_: Literal["biasgate/group-report/v1"] = Field(default="biasgate/group-report/v1", alias="schema")
    zoo: str
    meta_classifier: str
    level_names: tuple[str, ...]
    train: int
    validation: int
    test: int
    score: NamingScore
    accepted: Estimate
    oracle: NamingScore
    against_oracle: Estimate
    shortcuts: tuple[NamingScore, ...]
    ablation: tuple[NamingScore, ...]
    leaks: tuple[LeakAlarm, ...]
    confusion: tuple[tuple[int, ...], ...]

    def values(self) -> dict[str, float]:
        """The point estimates by flat name, for a tracker of experiments."""
        scores = {"": self.score, "oracle_": self.oracle}
        scores |= {f"shortcut_{score.name.replace(' ', '_')}_": score for score in self.shortcuts}
        fields = ("levels", "log_loss", "brier")
        values = {f"{who}{field}": getattr(score, field).value for who, score in scores.items() for field in fields}
        leaks = {f"leak_{alarm.name.replace(' ', '_')}_levels": alarm.levels.value for alarm in self.leaks}
        return {**values, **leaks, "accepted": self.accepted.value, "alarms": sum(a.rings for a in self.leaks)}


def group_report(classifier: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> GroupReport:
    """Scores a meta-classifier of groups on the test split of a feature table.

    Args:
        classifier: Fitted on this table's train and validation splits.
        table: All splits, from ``feature_table``.
        spec: The zoo's.

    Raises:
        InputError: The classifier was fitted on another zoo, or a group has no test model.
    """
    classifier.require_zoo(spec)
    trial = Trial.of(comparable(table), spec)
    features = features_of(trial.test, classifier.features)
    probabilities = classifier.reader.probabilities(features)
    oracle = trial.probabilities(columns.accuracies(trial.names))

    def score_of(name: str, view: View) -> NamingScore:
        return score_naming(name, probabilities=trial.probabilities(view), levels=trial.levels)

    return GroupReport(
        zoo=digest(spec),
        meta_classifier=classifier.digest,
        level_names=trial.names,
        train=len(trial.train),
        validation=len(trial.validation),
        test=len(trial.test),
        score=score_naming("signed colour features", probabilities=probabilities, levels=trial.levels),
        accepted=share(classifier.novelty.distance(features) <= classifier.novelty.limit),
        oracle=score_naming("inference oracle", probabilities=oracle, levels=trial.levels),
        against_oracle=levels_difference(probabilities, oracle, trial.levels),
        shortcuts=(score_of("final loss", columns.final_loss), score_of("path norm", columns.path_norm)),
        ablation=tuple(score_of(g, only(classifier, g)) for g in SIGNED_GROUPS),
        leaks=leak_alarms(trial, classifier),
        confusion=trial.confusion(probabilities),
    )
