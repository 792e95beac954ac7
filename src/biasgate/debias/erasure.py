"""LEACE: the attribute is erased from the features, and the eraser folded into the head; imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.head import Array, LinearHead, Samples
from biasgate.debias.last_layer import head_of, read_features, repair_head
from biasgate.debias.material import Material
from biasgate.debias.refit import refit
from biasgate.debias.repaired import Repaired
from biasgate.models.card import InputContract
from biasgate.models.network import Network


@dataclass(frozen=True)
class Erasure:
    """What the grid varies.

    Attributes:
        damping: λ of the head that is fitted to the erased features.
    """

    damping: float


ERASURES = (Erasure(0.003), Erasure(0.01))


def erase_attribute(
    network: Network,
    contract: InputContract,
    data: Material,
    validation: Tensor,
    *,
    seconds: float,
    seed: int,  # noqa: ARG001
) -> Repaired:
    """LEACE (Belrose et al., arXiv 2306.03819; their ``concept-erasure``): no linear reader finds the attribute.

    The eraser is affine, x ↦ Px + b, so that a head on erased features is one on features: θ(Px + b) has the weights
    WP. Fitted on repair data, in which label and attribute should be about independent, or the label goes too.

    Raises:
        CandidateError: The last layer is not linear.
        ImportError: ``concept-erasure`` is not installed; it is part of the extra ``dev``.
    """

    def edit(settings: Erasure, classifier: PixelClassifier, training: Material) -> LinearHead:
        samples = read_features(classifier, training)
        projection, offset = eraser(samples, training.values, kinds=training.kinds)
        erased = Samples(samples.features @ projection.T + offset, samples.labels)
        head = refit(erased, classes=len(head_of(network).bias), damping=settings.damping)
        return LinearHead.of(head.weight @ projection, head.bias + head.weight @ offset)

    return repair_head(network, contract, data, validation, grid=ERASURES, edit=edit, seconds=seconds)


def eraser(samples: Samples, values: Tensor, *, kinds: int) -> tuple[Array, Array]:
    """P ``[d, d]`` and b ``[d]``: after x ↦ Px + b the attribute's values have equal means."""
    from concept_erasure import LeaceFitter

    features = torch.from_numpy(samples.features)
    found = LeaceFitter.fit(features, one_hot(values, kinds).double()).eraser
    projection = found.P.numpy()
    centre = features.mean(dim=0).numpy() if found.bias is None else found.bias.numpy()
    return projection, centre - projection @ centre
