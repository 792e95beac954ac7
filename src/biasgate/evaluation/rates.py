"""What each metric counts: a rate is successes over trials, both rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec, MetricName
from biasgate.errors import InputError


def positive_class(spec: EvaluationSpec, classes: tuple[str, ...]) -> int | None:
    """Index of the class that counts as positive; ``None`` when only accuracy is asked for and none is named.

    Raises:
        InputError: The class is unknown, or a metric needs one and there are not two classes.
    """
    if spec.positive is not None:
        if spec.positive not in classes:
            raise InputError(f"no class {spec.positive!r}", where="positive", fix=f"the classes are {list(classes)}")
        return classes.index(spec.positive)
    if len(classes) == 2:
        return 1
    if set(spec.metrics) != {"accuracy"} or "roc_auc" in (spec.scores or ()):
        raise InputError(
            f"rates need a positive class among {len(classes)}", where="positive", fix=f"name one of {list(classes)}"
        )
    return None


def trials(
    metric: MetricName, labels: NDArray[np.int64], predictions: NDArray[np.int64], positive: int | None
) -> NDArray[np.bool_]:
    """The rows that a metric is a rate of, as a mask ``[rows]``; predictions have a part in it for precision only."""
    if metric == "precision":
        return predictions == positive
    if metric in ("true_positive_rate", "false_negative_rate"):
        return labels == positive
    if metric in ("false_positive_rate", "true_negative_rate"):
        return labels != positive
    return np.ones(len(labels), dtype=bool)


def successes(
    metric: MetricName, labels: NDArray[np.int64], predictions: NDArray[np.int64], positive: int | None
) -> NDArray[np.bool_]:
    """The rows that count, as a mask ``[rows]``: right for accuracy and precision, else said to be positive, or not."""
    if metric in ("true_negative_rate", "false_negative_rate"):
        return predictions != positive
    return predictions == (labels if metric in ("accuracy", "precision") else positive)
