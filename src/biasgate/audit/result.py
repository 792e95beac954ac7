"""``AuditResult``, the document: what an intervention did to each subgroup, and to the gaps between them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.audit.intervene import Value
from biasgate.audit.spec import AuditSpec, Control
from biasgate.contracts.estimate import Estimate
from biasgate.documents import Document
from biasgate.training.versions import Versions

Subgroup = dict[str, str]
Role = Literal["do"] | Control


class Trained(Document):
    """An arm: its name, what it is, and its number of parameters."""

    name: str
    role: Role
    value: Value
    parameters: int


class Level(Document):
    """Accuracy of an arm in a subgroup; or, with ``minus``, how much it is above that of another subgroup.

    Attributes:
        arm: Position among the arms.
        view: ``clean``, or the perturbation of the test images.
        subgroup: Its attribute; empty for all images.
        minus: The subgroup that is taken away.
        estimate: With the interval over new seeds and new images.
    """

    arm: int
    view: str
    subgroup: Subgroup
    minus: Subgroup | None = None
    estimate: Estimate


class Effect(Document):
    """τ: what changing the arm does to a subgroup's accuracy; or, with ``minus``, β: to the gap between two subgroups.

    Attributes:
        role: ``do``: a value against the reference value. Else: a value against its control.
        arm: Position among the arms.
        against: The arm that it is compared with, seed by seed.
        view: ``clean``, or the perturbation of the test images.
        subgroup: Its attribute; empty for all images.
        minus: The subgroup whose effect is taken away.
        estimate: With the interval over new seeds and new images.
        fixed: Interval over new seeds on these very images.
        p: Two-sided p-value of no effect, for new seeds and new images.
        holm: The same corrected over its family: all effects of this role on subgroups, on gaps, or on all images.
    """

    role: Role
    arm: int
    against: int
    view: str
    subgroup: Subgroup
    minus: Subgroup | None = None
    estimate: Estimate
    fixed: tuple[float, float]
    p: float
    holm: float


class Spectrum(Document):
    """What frequencies an arm's first convolution answers to.

    Attributes:
        arm: Position among the arms.
        centroid: Mean frequency in cycles a pixel, with its t interval over seeds; 0.25 for white filters.
        power: Share of power by ring of radial frequency, mean over seeds.
    """

    arm: int
    centroid: Estimate
    power: tuple[float, ...]


class AuditResult(Document):
    """What an audit found.

    Attributes:
        spec: The experiment.
        arms: What was trained.
        images: Test images.
        subgroups: Number of test images of each attribute's values.
        train: Digest of the data learned from.
        test: Digest of the data measured on.
        levels: Accuracies and gaps of every arm.
        effects: Comparisons of arms.
        spectra: One for each arm.
        versions: What trained the models.
    """

    schema_: Literal["biasgate/audit-result/v1"] = Field(default="biasgate/audit-result/v1", alias="schema")
    spec: AuditSpec
    arms: tuple[Trained, ...]
    images: int
    subgroups: dict[str, dict[str, int]]
    train: str
    test: str
    levels: tuple[Level, ...]
    effects: tuple[Effect, ...]
    spectra: tuple[Spectrum, ...]
    versions: tuple[Versions, ...]

    @property
    def views(self) -> tuple[str, ...]:
        """``clean``, then the perturbations."""
        return tuple(dict.fromkeys(effect.view for effect in self.effects))

    @property
    def gaps(self) -> list[Effect]:
        """β: effects on the gap between two subgroups."""
        return [effect for effect in self.effects if effect.minus is not None]

    @property
    def subgroup_effects(self) -> list[Effect]:
        """τ: effects on a subgroup's accuracy; on all images, where the subgroup is empty."""
        return [effect for effect in self.effects if effect.minus is None]
