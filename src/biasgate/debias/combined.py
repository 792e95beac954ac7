"""Counterfactuals, then the head: the curriculum, and unlearning on what it made of the features; imports torch."""

from __future__ import annotations

import copy

from torch import Tensor

from biasgate.debias.adversarial import GRID, require_images
from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.curriculum import ROUNDS, Settings, fine_tune
from biasgate.debias.last_layer import with_head
from biasgate.debias.material import Material
from biasgate.debias.repaired import Repaired
from biasgate.debias.trials import best_of
from biasgate.debias.unlearning import GRID as DAMPINGS
from biasgate.debias.unlearning import unlearned
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.progress import progress


def repair_features_then_head(
    network: Network, contract: InputContract, data: Material, validation: Tensor, *, seconds: float, seed: int
) -> Repaired:
    """Runs the curriculum under each setting, unlearns the head under the first damping, and keeps the best.

    Raises:
        InputError: The data is not of images, or the loss not finite.
        CandidateError: The last layer is not linear.
    """
    require_images(data)
    with progress("repairing", total=ROUNDS * (len(GRID) + 1), unit="rounds") as advance:

        def repair(settings: Settings, training: Material) -> Network:
            classifier = PixelClassifier(copy.deepcopy(network), contract)
            fine_tune(classifier, training, settings, seed=seed, advance=advance)
            return with_head(classifier.network, unlearned(DAMPINGS[0], classifier, training))

        return best_of(GRID, repair, contract=contract, data=data, validation=validation, seconds=seconds)
