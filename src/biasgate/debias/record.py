"""What a repair did: method, settings, cost, and how its settings were chosen."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.documents import Document


class Trial(Document):
    """One setting that was tried, scored on validation units only."""

    settings: dict[str, float | int | str]
    worst_group: float
    aligned: float
    conflicting: float
    chosen: bool = False

    @property
    def merit(self) -> tuple[float, float]:
        """Orders trials: accuracy on the worse of aligned and conflicting, then the sum of both."""
        return self.worst_group, self.aligned + self.conflicting


class Rival(Document):
    """A method that lost on the same validation units, and its best setting there."""

    method: str
    best: Trial


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
        refitted: Whether the chosen settings were run again on repair and validation units together; if not, the
            network that validation saw is the repaired one.
        moved: Share of parameters that changed.
        distance: ‖θ' − θ‖ / ‖θ‖.
        seconds: Wall time.
        samples: Repair samples used.
        seed: All randomness follows from it.
        parity: Largest difference of logits between PyTorch and ONNX Runtime.
        rivals: Methods that competed and lost.
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
    rivals: tuple[Rival, ...] = ()

    @property
    def chosen(self) -> Trial:
        """The trial whose settings made the repaired model."""
        return next(trial for trial in self.trials if trial.chosen)
