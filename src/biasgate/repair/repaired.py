"""What every repair method hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from biasgate.contracts.repair_record import Trial

if TYPE_CHECKING:
    from biasgate.models.network import Network


@dataclass(frozen=True, eq=False)
class Repaired:
    """A repaired network and how it was chosen.

    Attributes:
        network: The repaired network; the one that it started from is as it was.
        trials: Settings in the order of trial, one chosen.
        validated: The network that validation chose: ``network``, unless that ran again on all repair data.
        planned: Settings that were to be tried; more than ``trials`` when the budget ended first.
        refitted: Whether the chosen settings were run again on all repair data.
    """

    network: Network
    trials: tuple[Trial, ...]
    validated: Network
    planned: int
    refitted: bool
