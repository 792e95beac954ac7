"""Counterfactuals, then the head: the curriculum, and unlearning on what it made of the features; imports torch."""

from __future__ import annotations

from torch import Tensor

from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.progress import progress
from biasgate.repair.data import Material
from biasgate.repair.methods.adversarial import GRID, require_images, through_curriculum
from biasgate.repair.methods.curriculum import ROUNDS, Settings
from biasgate.repair.methods.last_layer import with_head
from biasgate.repair.methods.unlearning import GRID as DAMPINGS
from biasgate.repair.methods.unlearning import unlearned
from biasgate.repair.repaired import Repaired
from biasgate.repair.trials import Watch, best_of


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

        def repair(settings: Settings, training: Material, watch: Watch) -> Network:
            classifier = through_curriculum(
                network, contract, training, settings, seed=seed, watch=watch, advance=advance
            )
            return with_head(classifier.network, unlearned(DAMPINGS[0], classifier, training, seed))

        return best_of(GRID, repair, contract=contract, data=data, validation=validation, seconds=seconds)
