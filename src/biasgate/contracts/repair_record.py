"""What a repair did: method, settings, cost, and how its settings were chosen."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.estimate import Estimate
from biasgate.documents import Document

Stop = Literal["seconds", "memory", "interruption"]
"""What ended a repair before all was tried: a budget, or a person."""


class Trial(Document):
    """One setting that was tried, scored on validation clusters only.

    Attributes:
        settings: What was tried.
        worst_group: The smaller of the two accuracies that follow.
        aligned: Accuracy on aligned samples, a mean over labels, so that frequent labels do not hide rare ones.
        conflicting: The same on conflicting samples.
        chosen: Whether these settings made the repaired model.
        curve: ``worst_group`` after each round of training; empty where a method has no rounds.
        whole: Whether the run came to its end; if not, its network is that of the best round so far.
    """

    settings: dict[str, float | int | str]
    worst_group: float
    aligned: float
    conflicting: float
    chosen: bool = False
    curve: tuple[float, ...] = ()
    whole: bool = True

    @property
    def merit(self) -> tuple[float, float]:
        """Orders trials: accuracy on the worse of aligned and conflicting, then the sum of both."""
        return self.worst_group, self.aligned + self.conflicting


class Rival(Document):
    """A method that lost on the same validation clusters, and its best setting there."""

    method: str
    best: Trial


class BiasReading(Document):
    """The bias of a head over counterfactual pairs.

    Attributes:
        signed: B, the mean over pairs of p(y | aligned) − p(y | conflicting), in [−1, 1].
        absolute: Mean of its absolute value, in [0, 1]: a dependence that goes either way cannot cancel here.
        threshold: δ.
        biased: Whether the interval of B lies above δ.
    """

    signed: Estimate
    absolute: Estimate
    threshold: float
    biased: bool


class Reliance(Document):
    """How much decisions lean on the attribute, over counterfactual pairs: samples that differ in the attribute alone.

    Attributes:
        swap_rate: Share of pairs whose two decisions differ.
        attribution_share: Share of the attributions that lies in the direction in which a pair differs, a mean over
            clusters; see ``reliance.attribution_shares``.
        twins: How many pairs.
        attribution: The same with its interval, over clusters whose pairs were attributed; absent of fewer than two.
    """

    swap_rate: float
    attribution_share: float
    twins: int
    attribution: Estimate | None = None


class Leaning(Document):
    """What a repair is about, read on validation clusters, which no trial learned from.

    Attributes:
        bias: Over counterfactual pairs, or over matched samples where the data holds none.
        reliance: Absent without counterfactual pairs, and where gradients do not reach the samples, as of tokens.
    """

    bias: BiasReading
    reliance: Reliance | None = None


class Change(Document):
    """What a repair did to one subgroup, read on validation clusters, which the chosen trial did not learn from.

    Attributes:
        subgroup: Attribute value, or ``alignment``; empty for all samples.
        samples: How many.
        before: Accuracy of the original.
        after: Accuracy of the network of the chosen trial.
        mended: Samples that only the repaired network gets right.
        broken: Samples that only the original gets right.
        difference: after − before, paired; absent of fewer than two clusters.
    """

    subgroup: dict[str, str]
    samples: int
    before: float
    after: float
    mended: int
    broken: int
    difference: Estimate | None = None


class Flip(Document):
    """A validation sample that either the original or the repaired network gets right.

    Attributes:
        row: Its place in the repair data, from 0.
        label: Its class.
        value: Its value of the attribute.
        before: Class that the original decides for.
        after: Class that the network of the chosen trial decides for.
    """

    row: int = Field(ge=0)
    label: str
    value: str
    before: str
    after: str

    @property
    def mended(self) -> bool:
        """Whether the repaired network is the one that gets it right."""
        return self.after == self.label


class RepairRecord(Document):
    """How a repaired model came to be.

    Attributes:
        method: Name of the repair method.
        original: Digest of the package it started from.
        repaired: Digest of the package it made.
        data: Digest of the repair data.
        attribute: The sensitive attribute that decisions shall not lean on.
        trials: Every setting with its validation scores; exactly one is chosen.
        planned: Settings that were to be tried; more than ``trials`` when the budget ended first.
        refitted: Whether the chosen settings were run again on repair and validation clusters together; if not, the
            network that validation saw is the repaired one.
        moved: Share of the whole model's parameters that changed.
        distance: ‖θ' − θ‖ / ‖θ‖.
        seconds: Wall time.
        samples: Repair samples used.
        seed: All randomness follows from it.
        parity: Largest difference of logits between PyTorch and ONNX Runtime.
        before: How the original leans on the attribute; absent where the validation clusters hold no pairs.
        after: How the network of the chosen trial does, before it ran again on all repair data.
        rivals: Methods that competed and lost.
        untried: Methods and settings that were not tried, each with the reason.
        stopped: What ended the repair before all was tried; absent where nothing did.
        changes: Who gained and who lost, all samples first.
        attribution_change: Share of the attributions after − before, over the same counterfactual pairs; below 0 where
            decisions lean less on the attribute. Absent without pairs.
        flips: Samples that were mended or broken, some of each, evenly chosen.
    """

    schema_: Literal["biasgate/repair/v1"] = Field(default="biasgate/repair/v1", alias="schema")
    method: str
    original: str
    repaired: str
    data: str
    attribute: str = "colour"
    trials: tuple[Trial, ...]
    planned: int = 0
    refitted: bool = False
    moved: float
    distance: float
    seconds: float
    samples: int
    seed: int
    parity: float
    before: Leaning | None = None
    after: Leaning | None = None
    rivals: tuple[Rival, ...] = ()
    untried: tuple[str, ...] = ()
    stopped: Stop | None = None
    changes: tuple[Change, ...] = ()
    attribution_change: Estimate | None = None
    flips: tuple[Flip, ...] = ()

    @property
    def chosen(self) -> Trial:
        """The trial whose settings made the repaired model."""
        return next(trial for trial in self.trials if trial.chosen)
