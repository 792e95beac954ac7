"""How one model is trained: every number that the loop needs besides the data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.documents import Document

Optimizer = Literal["adam", "adamw", "sgd", "sgd_plain", "rmsprop"]
Augmentation = Literal["none", "shift"]
Schedule = Literal["one_cycle", "cosine", "step", "constant"]


class TrainingRecipe(Document):
    """One training run. The number of steps is fixed beforehand: nothing that is measured can stop it early.

    Attributes:
        learning_rate: Peak of the schedule.
        batch: Samples a step; a smaller training set is one batch.
        steps: Optimiser steps.
        optimizer: ``sgd`` has momentum 0.9, ``sgd_plain`` none.
        weight_decay: Decoupled for ``adamw``, an L2 gradient term otherwise.
        augmentation: ``shift`` moves each batch by up to two pixels, zeros flow in.
        schedule: ``one_cycle`` rises for a quarter, then falls (Smith and Topin 2017); ``cosine`` only falls;
            ``step`` falls to a tenth after a half and after three quarters; ``constant`` stays, as in the plainest of
            loops.
        label_smoothing: Share of each label that is spread evenly over all classes (Szegedy et al. 2016).
    """

    learning_rate: float = Field(default=3e-3, gt=0)
    batch: int = Field(default=64, gt=0)
    steps: int = Field(default=300, gt=0)
    optimizer: Optimizer = "adam"
    weight_decay: float = Field(default=0.0, ge=0)
    augmentation: Augmentation = "none"
    schedule: Schedule = "one_cycle"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, exclude_if=lambda share: share == 0)

    @property
    def update_rule(self) -> str:
        """What networks that learn together share: ``adam`` and ``adamw`` differ in where their decay goes alone."""
        return "adam" if self.optimizer == "adamw" else self.optimizer
