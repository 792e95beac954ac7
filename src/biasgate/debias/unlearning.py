"""Repair by fast unlearning of the last layer, chosen on validation units; importing this module imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.counterfactual_bias import Pairs
from biasgate.debias.head import LinearHead, Samples
from biasgate.debias.last_layer import head_of, read_features, repair_head
from biasgate.debias.material import Material
from biasgate.debias.newton import unlearn
from biasgate.debias.pairs import matched_pairs, twin_pairs, twin_rows
from biasgate.debias.repaired import Repaired
from biasgate.models.card import InputContract
from biasgate.models.network import Network


@dataclass(frozen=True)
class Damping:
    """What the grid varies.

    Attributes:
        damping: λ of the head's penalty and Hessian.
    """

    damping: float


GRID = (Damping(0.003), Damping(0.01))


def repair_by_unlearning(
    network: Network,
    contract: InputContract,
    data: Material,
    validation: Tensor,
    *,
    seconds: float,
    seed: int,  # noqa: ARG001
) -> Repaired:
    """Unlearns under each damping and keeps the best; see ``newton.unlearn`` and ``best_of``.

    Args:
        network: Not changed.
        contract: Its input contract.
        data: All repair data; twins in it are the counterfactual pairs, without any samples are matched.
        validation: Rows that choose, ``bool [n]``.
        seconds: Wall-clock budget.
        seed: Unused: nothing here is random.

    Raises:
        CandidateError: The last layer is not linear.
        InputError: There are no pairs, or features are not finite.
    """
    return repair_head(network, contract, data, validation, grid=GRID, edit=unlearned, seconds=seconds)


def unlearned(settings: Damping, classifier: PixelClassifier, data: Material) -> LinearHead:
    """The head after the step."""
    samples = read_features(classifier, data)
    classes = len(head_of(classifier.network).bias)
    return unlearn(samples, found_pairs(samples, data), classes=classes, damping=settings.damping)


def found_pairs(samples: Samples, data: Material) -> Pairs:
    """Given twins where there are any, matched samples else."""
    if len(twin_rows(data)[0]):
        return twin_pairs(samples, data)
    return matched_pairs(samples, data.aligned.numpy())
