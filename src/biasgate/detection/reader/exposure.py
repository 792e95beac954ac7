"""Outlier exposure: is a model more like those of the zoo after training, or before?"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from biasgate.detection.reader.ridge import Array, Ridge, fit_ridge
from biasgate.documents import Document

FARTHEST = 6.0


class OutlierExposure(Document):
    """A ridge from trained (−1) to untrained (+1) models, with a limit set on validation models.

    A distance says that a model is unlike the zoo's, whatever the difference; this looks where training shows. The
    outliers cost nothing: they are the zoo's own models before their first step (outlier exposure: Hendrycks, Mazeika
    and Dietterich 2019). It sees standardised features, cut at ``FARTHEST``, and their squares.

    Attributes:
        centre: Mean of each feature in training.
        scale: Standard deviation of each feature in training; 1 where it was constant.
        learner: To strangeness, from ``[n, 2 features]``.
        limit: A stranger model is abstained from.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    learner: Ridge
    limit: float

    @cached_property
    def _arrays(self) -> tuple[Array, Array]:
        return np.array(self.centre), np.array(self.scale)

    def strangeness(self, features: Array) -> Array:
        """About −1 for a trained model, about 1 for an untrained one: ``[n]`` for ``[n, features]``."""
        return self.learner.predict(_seen(features, *self._arrays))


def fit_outlier_exposure(trained: Array, untrained: Array, validation: Array, *, false_alarm: float) -> OutlierExposure:
    """Fits on ``[n, features]`` of models after and before their training.

    Args:
        trained: Models to learn from.
        untrained: Outliers: the same before their first step.
        validation: Other trained models, to set the limit on.
        false_alarm: Share of validation that lies beyond the limit.
    """
    spread = trained.std(axis=0)
    centre, scale = trained.mean(axis=0), np.where(spread > 0, spread, 1.0)
    target = np.repeat([-1.0, 1.0], [len(trained), len(untrained)])
    learner = fit_ridge(_seen(np.vstack([trained, untrained]), centre, scale), target)
    strangeness = learner.predict(_seen(validation, centre, scale))
    return OutlierExposure(
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        learner=learner,
        limit=float(np.quantile(strangeness, 1 - false_alarm, method="higher")),
    )


def _seen(features: Array, centre: Array, scale: Array) -> Array:
    standard = np.clip((features - centre) / scale, -FARTHEST, FARTHEST)
    return np.hstack([standard, standard**2])
