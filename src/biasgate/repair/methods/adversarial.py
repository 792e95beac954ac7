"""Repair by adversarial counterfactuals: a small grid of curricula, chosen on validation units; imports torch."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from torch import Tensor

from biasgate.errors import InputError
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.progress import Advance, progress
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.methods.curriculum import ROUNDS, Settings, fine_tune
from biasgate.repair.repaired import Repaired
from biasgate.repair.trials import Watch, best_of

GRID = (
    Settings(family="mixing", radius=0.6, weight=4.0, tie=1.0),
    Settings(family="mixing", radius=1.0, weight=4.0, tie=1.0),
)


def repair_adversarially(
    network: Network,
    contract: InputContract,
    data: Material,
    validation: Tensor,
    *,
    seconds: float,
    seed: int,
    grid: Sequence[Settings] = GRID,
) -> Repaired:
    """Runs the curriculum under each setting and keeps the best; see ``best_of``.

    Args:
        network: Not changed.
        contract: Its input contract.
        data: All repair data, of images.
        validation: Rows that choose, ``bool [n]``.
        seconds: Wall-clock budget.
        seed: Every run starts from it.
        grid: Of settings; the controls of the benchmark give their own.

    Raises:
        InputError: The data is not of images, or the loss not finite.
    """
    require_images(data)
    with progress("repairing", total=ROUNDS * (len(grid) + 1), unit="rounds") as advance:

        def repair(settings: Settings, training: Material, watch: Watch) -> Network:
            return through_curriculum(
                network, contract, training, settings, seed=seed, watch=watch, advance=advance
            ).network

        return best_of(grid, repair, contract=contract, data=data, validation=validation, seconds=seconds)


def through_curriculum(
    network: Network,
    contract: InputContract,
    data: Material,
    settings: Settings,
    *,
    seed: int,
    watch: Watch,
    advance: Advance,
) -> PixelClassifier:
    """A copy of the network, fine-tuned."""
    classifier = PixelClassifier(copy.deepcopy(network), contract)

    def after_round(learned: PixelClassifier) -> None:
        watch(learned.network)
        advance()

    fine_tune(classifier, data, settings, seed=seed, after_round=after_round)
    return classifier


def require_images(data: Material) -> None:
    """Refuses rows of features, whose attribute no attack can change.

    Raises:
        InputError: These are no images.
    """
    if data.samples.ndim != 4:
        raise InputError(
            "adversarial repair changes colours or pixels, and these are rows of features",
            fix="give images, or repair by unlearning",
        )
