"""Repair by fast unlearning of the last layer, chosen on validation units; importing this module imports torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.counterfactual_bias import Pairs
from biasgate.repair.data import Material
from biasgate.repair.groups import balancing_weights
from biasgate.repair.head import LinearHead, Samples
from biasgate.repair.methods.last_layer import head_of, read_features, repair_head
from biasgate.repair.methods.newton import unlearn
from biasgate.repair.pairs import matched_pairs, twin_pairs, twin_rows


@dataclass(frozen=True)
class Damping:
    """What the grid varies.

    Attributes:
        damping: λ of the head's penalty and Hessian.
    """

    damping: float


GRID = (Damping(0.003), Damping(0.01))


def unlearned(settings: Damping, classifier: PixelClassifier, data: Material, _seed: int) -> LinearHead:
    """The head after the step of ``newton.unlearn``, from twins in the data or else from matched samples.

    Every label × aligned or conflicting counts alike, as it does in what chooses among the settings (ours).

    Raises:
        InputError: There are no pairs, or features are not finite.
    """
    samples = balanced_features(classifier, data)
    classes = len(head_of(classifier.network).bias)
    return unlearn(samples, found_pairs(samples, data), classes=classes, damping=settings.damping)


def balanced_features(classifier: PixelClassifier, data: Material) -> Samples:
    """What reaches the last layer, weighed so that every group counts as much as any other."""
    samples = read_features(classifier, data)
    return replace(samples, weights=balancing_weights(data).double().numpy())


def found_pairs(samples: Samples, data: Material) -> Pairs:
    """Given twins where there are any, matched samples else."""
    if len(twin_rows(data)[0]):
        return twin_pairs(samples, data)
    return matched_pairs(samples, data.aligned.numpy())


repair_by_unlearning = partial(repair_head, grid=GRID, edit=unlearned)
