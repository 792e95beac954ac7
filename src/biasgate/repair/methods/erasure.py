"""LEACE: the attribute is erased from the features, and the eraser folded into the head; imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.head import Array, LinearHead, Samples
from biasgate.repair.methods.last_layer import head_of, read_features, repair_head
from biasgate.repair.methods.refit import refit


@dataclass(frozen=True)
class Erasure:
    """What the grid varies.

    Attributes:
        damping: λ of the head that is fitted to the erased features.
    """

    damping: float


ERASURES = (Erasure(0.003), Erasure(0.01))


def erased(settings: Erasure, classifier: PixelClassifier, data: Material, _seed: int) -> LinearHead:
    """LEACE (Belrose et al., arXiv 2306.03819; their ``concept-erasure``): no linear reader finds the attribute.

    The eraser is affine, x ↦ Px + b, so that a head on erased features is one on features: θ(Px + b) has the weights
    WP. Fitted on repair data, in which label and attribute should be about independent, or the label goes too.

    Raises:
        ImportError: ``concept-erasure`` is not installed; it is part of the extra ``dev``.
    """
    samples = read_features(classifier, data)
    projection, offset = eraser(samples, data.values, kinds=data.kinds)
    left = Samples(samples.features @ projection.T + offset, samples.labels)
    head = refit(left, classes=len(head_of(classifier.network).bias), damping=settings.damping)
    return LinearHead.of(head.weight @ projection, head.bias + head.weight @ offset)


def eraser(samples: Samples, values: Tensor, *, kinds: int) -> tuple[Array, Array]:
    """P ``[d, d]`` and b ``[d]``: after x ↦ Px + b the attribute's values have equal means."""
    from concept_erasure import LeaceFitter

    features = torch.from_numpy(samples.features)
    found = LeaceFitter.fit(features, one_hot(values, kinds).double()).eraser
    projection = found.P.numpy()
    centre = features.mean(dim=0).numpy() if found.bias is None else found.bias.numpy()
    return projection, centre - projection @ centre


erase_attribute = partial(repair_head, grid=ERASURES, edit=erased)
