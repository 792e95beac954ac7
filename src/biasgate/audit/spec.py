"""``AuditSpec``: which hyperparameter to set to what, on which networks and data, and under which perturbations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from biasgate.audit.perturb import HighFrequencyNoise, LowPass
from biasgate.data.source import DataSource
from biasgate.documents import Document
from biasgate.models.presets import NamedArchitecture
from biasgate.training.normalisation import Normalisation
from biasgate.training.recipe import TrainingRecipe

Control = Literal["receptive_field", "parameters"]


class Intervention(Document):
    """do(field = value) on some layers of one kind, all else as declared.

    Attributes:
        layer: Kind of layer, as cards declare it.
        field: Its hyperparameter: ``kernel``, ``out``, ``dilation``, ``size``, ``how``, ``rate`` …
        which: The first layer of this kind, all of them, or those at these places among them (from 0). Layers inside
            residual blocks count.
        values: What the field is set to, one arm each.
        reference: The value that the others are compared with.
    """

    layer: str = "conv"
    field: str = "kernel"
    which: Literal["first", "all"] | Annotated[tuple[int, ...], Field(min_length=1)] = "first"
    values: tuple[int | float | str, ...] = Field(min_length=2)
    reference: int | float | str

    @model_validator(mode="after")
    def _reference_is_a_value(self) -> Intervention:
        if self.reference not in self.values or len(set(self.values)) < len(self.values):
            raise ValueError(f"values must differ and hold the reference {self.reference!r}")
        return self


class AuditSpec(Document):
    """An experiment: interventions × seeds × perturbations × subgroups.

    Attributes:
        name: For people.
        train: What the models learn from; each draws ``samples`` of it.
        test: What they are measured on; no image of it may be among those to learn from.
        subgroups: Attributes of the test set whose values are compared.
        architecture: Declared, or a preset's name; what the intervention leaves alone.
        intervention: The hyperparameter and its values.
        controls: Arms beside each value of a kernel: the reference kernel spread by dilation over the same receptive
            field, and the reference kernel in layers wide enough for the same number of parameters.
        seeds: Models an arm. A model's seed is what is randomised: it draws weights, training samples and batches.
        seed: All else follows from it.
        samples: Training samples a model; all of them when absent.
        recipe: Of every model; the number of steps is fixed.
        normalisation: Of the input.
        perturbations: What test images go through; the clean ones are always measured too.
        confidence: Of the intervals.
    """

    schema_: Literal["biasgate/audit/v1"] = Field(default="biasgate/audit/v1", alias="schema")
    name: str
    train: DataSource
    test: DataSource
    subgroups: tuple[str, ...] = Field(min_length=1)
    architecture: NamedArchitecture
    intervention: Intervention
    controls: tuple[Control, ...] = ()
    seeds: int = Field(default=10, ge=2, le=1000)
    seed: int = Field(default=0, ge=0, lt=2**31)
    samples: int | None = Field(default=None, gt=0)
    recipe: TrainingRecipe = TrainingRecipe()
    normalisation: Normalisation = "centred"
    perturbations: tuple[Annotated[LowPass | HighFrequencyNoise, Field(discriminator="kind")], ...] = ()
    confidence: float = Field(default=0.95, gt=0.5, lt=1)

    @model_validator(mode="after")
    def _controls_are_of_kernels(self) -> AuditSpec:
        if self.controls and (self.intervention.layer, self.intervention.field) != ("conv", "kernel"):
            raise ValueError("controls are defined for the kernel of conv layers only")
        return self

    @model_validator(mode="after")
    def _perturbations_differ(self) -> AuditSpec:
        labels = [perturbation.label for perturbation in self.perturbations]
        if len(set(labels)) < len(labels):
            raise ValueError(f"perturbations must differ: {labels}")
        return self
