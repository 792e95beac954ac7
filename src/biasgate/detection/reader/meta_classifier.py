"""The meta-classifier: reads bias from weights, says how sure it is, and abstains from what it does not know."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.contracts.scan import Scan
from biasgate.detection.features.class_template import class_template
from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.layout import by_role, layout, shapes
from biasgate.detection.features.named import group_of
from biasgate.detection.features.signed_colour import signed_colour_features
from biasgate.detection.reader.exposure import OutlierExposure
from biasgate.detection.reader.level_readers import StrengthReader, SubgroupReader
from biasgate.detection.reader.measured_bias import BiasReader
from biasgate.detection.reader.ood import OutOfDistribution
from biasgate.detection.reader.ridge import Array
from biasgate.documents import Document, digest
from biasgate.errors import CandidateError, InputError
from biasgate.models.package import CandidatePackage
from biasgate.models.reading import read_weights
from biasgate.models.weights import Weights

if TYPE_CHECKING:
    from biasgate.detection.zoo.spec import ZooSpec

FOLDER = files("biasgate.detection.reader").joinpath("readers")
BUNDLED = FOLDER.joinpath("digits.json")
"""For the digit network of Serna et al. (``digits_paper``); ``make reader`` remakes it and the scores beside it."""

GROUP_WORDS = {
    "path": "the path energy from colour to the logits",
    "linear": "the signed path from colour to the logits",
    "spatial": "how evenly colour and how unevenly brightness is weighed over the image",
    "selectivity": "the colour selectivity of single units",
    "kernel": "the flatness and inhibition of later layers",
    "bias": "the biases",
    "spectrum": "the spectra of the layers",
    "answer": "the signed path from colour to the answer",
    "hue": "the colours that reach each layer together",
    "apart": "the colours that layers tell apart in place",
    "tone": "the tones that units work around",
    "trace": "the colours that biases went along with",
}


class MetaClassifier(Document):
    """All that a scan needs; numpy and JSON alone, never pickle.

    Attributes:
        zoo: Digest of the spec it was trained on.
        trained_on: Models in the train split.
        calibrated_on: Models in the validation split.
        features: Names of the features, in order.
        roles: Whether features go by the role of their layer, because the zoo's layouts differ.
        layouts: Layer layouts it has learned from; any other is refused by rule.
        reader: To the levels: by strength, or, of a zoo planted by ``group``, to the subgroup that a model favours.
        bias: To the measured bias; none for subgroups, whose difficulty a difference of accuracies holds as well.
        ood: When to abstain: from what is unlike the zoo.
        exposure: When to abstain as well: from what is more like networks that never learned the zoo's task.
    """

    schema_: Literal["biasgate/meta-classifier/v1"] = Field(default="biasgate/meta-classifier/v1", alias="schema")
    zoo: str
    trained_on: int
    calibrated_on: int
    features: tuple[str, ...]
    roles: bool
    layouts: tuple[str, ...]
    reader: StrengthReader | SubgroupReader
    bias: BiasReader | None = None
    ood: OutOfDistribution = Field(validation_alias="novelty", serialization_alias="novelty")
    exposure: OutlierExposure | None = None

    @cached_property
    def digest(self) -> str:
        """The digest that scans name it by."""
        return digest(self)

    def save(self, path: Path) -> None:
        """Writes canonical JSON."""
        path.write_bytes(self.to_json())

    def require_zoo(self, spec: ZooSpec) -> None:
        """Refuses another zoo's models, which may be those that it learned from.

        Raises:
            InputError: It was fitted on another zoo.
        """
        if self.zoo != digest(spec):
            raise InputError("the meta-classifier was fitted on another zoo", where=spec.name, fix="fit it on this one")

    def scan_package(self, package: CandidatePackage) -> Scan:
        """Reads a candidate; one whose weights cannot be read (another kind of layer, a NaN) is abstained from."""
        try:
            weights = read_weights(package.path)
        except CandidateError as error:
            return self._abstained(package.digest, error.what)
        return self.scan(weights)

    def scan(self, weights: Weights) -> Scan:
        """Reads one model: milliseconds, no inference. Abstains, with the reason, instead of raising."""
        if refused := self._refused(weights):
            return self._abstained(weights.digest, refused)
        try:
            named = self._describe(weights)
        except CandidateError as error:
            return self._abstained(weights.digest, error.what)
        if self.roles:
            named = by_role(named)
        seen = np.array([[named[name] for name in self.columns]])
        features = seen[:, : len(self.features)]
        if not np.isfinite(seen).all():
            return self._abstained(weights.digest, "its features are not finite")
        distance = float(self.ood.distance(features)[0])
        if not distance <= self.ood.limit:
            reason = f"its weights are unlike the zoo's: distance {distance:.2f}, limit {self.ood.limit:.2f}"
            return self._abstained(weights.digest, reason)
        if not self.knows(seen)[0]:
            return self._abstained(weights.digest, "its weights are like those of networks of no or of another task")
        return self._read(weights, features)

    def _refused(self, weights: Weights) -> str:
        """Why its layers alone say nothing, whatever their values are; empty where they may."""
        seen = layout(weights)
        branched = {shapes(known) for known in self.layouts if shapes(known) != known}
        if weights.unexplained and seen in branched.union(self.layouts):
            return f"its weights alone do not explain what it answers: {weights.unexplained}"
        if weights.wiring is None and seen in branched:
            return "named tensors do not say how its branches join: give it as ONNX, whose graph does"
        if seen not in self.layouts:
            return f"its layers ({seen}) are none that the meta-classifier has learned from"
        return ""

    @property
    def columns(self) -> tuple[str, ...]:
        """What decides on abstaining: the features, then the class template."""
        return (*self.features, *(self.exposure.template if self.exposure else ()))

    def knows(self, seen: Array) -> NDArray[np.bool_]:
        """Which models are not abstained from: ``[n]`` for ``[n, columns]``."""
        features, templates = np.split(seen, [len(self.features)], axis=1)
        near = self.ood.distance(features) <= self.ood.limit
        return near & (self.exposure.strangeness(features, templates) <= self.exposure.limit) if self.exposure else near

    def _describe(self, weights: Weights) -> dict[str, float]:
        describe = signed_colour_features if isinstance(self.reader, SubgroupReader) else invariant_features
        template = class_template(weights) if self.exposure and self.exposure.template else {}
        return {**describe(weights), **template}

    def _read(self, weights: Weights, features: Array) -> Scan:
        probabilities = self.reader.probabilities(features)[0]
        named = int(probabilities.argmax())
        shares = self._contributions(self.reader.terms(features, named)[0])
        strongest = max(shares, key=lambda group: abs(shares[group]))
        direction = "for" if shares[strongest] > 0 else "against"
        what = self.reader.names[named] if isinstance(self.reader, SubgroupReader) else "bias"
        return Scan(
            model=weights.digest,
            meta_classifier=self.digest,
            level=self.reader.names[named],
            probabilities=dict(zip(self.reader.names, probabilities.tolist(), strict=True)),
            measured_bias=self.bias.predict(features)[0] if self.bias else None,
            abstained=False,
            reason=f"{GROUP_WORDS[strongest]} speaks most, {direction} {what}",
            contributions=shares,
        )

    def _contributions(self, terms: Array) -> dict[str, float]:
        """What each group of features adds, as a share of the absolute sum; positive speaks for what is read."""
        sums = dict.fromkeys(map(group_of, self.features), 0.0)
        for name, term in zip(self.features, terms.tolist(), strict=True):
            sums[group_of(name)] += term
        total = sum(map(abs, sums.values())) or 1.0
        return {group: value / total for group, value in sums.items()}

    def _abstained(self, model: str, reason: str) -> Scan:
        return Scan(model=model, meta_classifier=self.digest, abstained=True, reason=reason)


def bundled_meta_classifier() -> MetaClassifier:
    """The one that comes with biasgate, so that a scan needs neither registry nor training."""
    return MetaClassifier.parse(BUNDLED.read_bytes(), where="the meta-classifier that comes with biasgate")
