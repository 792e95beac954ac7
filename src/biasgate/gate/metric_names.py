"""Which metrics a rule may ask about, by what each metric says of itself: a new one is taken wherever it fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from biasgate.statistics.catalogue import METRICS, RATES
from biasgate.statistics.metric import Metric

if TYPE_CHECKING:
    RateName = LowestName = DifferenceName = HighestName = CalibrationName = str
else:

    def _names(fits: Callable[[Metric], bool]) -> Any:
        return Literal[tuple(name for name, metric in METRICS.items() if fits(metric))]

    RateName = Literal[tuple(RATES)]
    """Rates: all of them."""
    LowestName = _names(lambda metric: metric.name in RATES or (metric.bounded and metric.more_is_better))
    """Rates, and scores between 0 and 1 of which more is better."""
    DifferenceName = _names(lambda metric: metric.bounded)
    """Metrics with a largest value."""
    HighestName = _names(lambda metric: metric.more_is_better is False)
    """Metrics of which less is better."""
    CalibrationName = _names(lambda metric: "calibration" in metric.name)
    """What tells stated probabilities from what came true."""
