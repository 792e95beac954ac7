"""Outlier exposure: is a model more like those of the zoo, or like networks that never learned the zoo's task?"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from biasgate.detection.reader.ridge import Array, Ridge, fit_ridge
from biasgate.documents import Document

FARTHEST = 6.0
TINY = 1e-30


class OutlierExposure(Document):
    """A ridge from the zoo's models (−1) to outliers (+1), with a limit set on validation models.

    A distance says that a model is unlike the zoo's, whatever the difference; this looks where training shows. The
    outliers cost nothing (outlier exposure: Hendrycks, Mazeika and Dietterich 2019). They are the zoo's own models
    before their first step, and its own trained models with their classes shuffled, as if the same shapes had another
    meaning. It sees standardised features, cut at ``FARTHEST``, and the agreement of a model's class template with the
    zoo's mean one (the cosine between them); of all, their squares too.

    Attributes:
        template: The zoo's mean class template, by the names of ``class_template``; none where models have none.
        centre: Mean of each feature in training and, with a template, of the agreement.
        scale: Standard deviation of each in training; 1 where it was constant.
        learner: To strangeness, from all of these and their squares.
        limit: A stranger model is abstained from.
    """

    template: dict[str, float] = {}
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    learner: Ridge
    limit: float

    @cached_property
    def _arrays(self) -> tuple[Array, Array, Array]:
        return np.array(list(self.template.values())), np.array(self.centre), np.array(self.scale)

    def strangeness(self, features: Array, templates: Array) -> Array:
        """About −1 for a model of the zoo's task, about 1 for an outlier.

        Args:
            features: ``[n, features]``.
            templates: Class templates ``[n, template]``, each of length 1.
        """
        template, centre, scale = self._arrays
        seen = np.column_stack([features, templates @ template]) if self.template else features
        return self.learner.predict(_standard(seen, centre, scale))


def fit_outlier_exposure(
    *,
    trained: tuple[Array, Array],
    untrained: Array,
    validation: tuple[Array, Array],
    names: tuple[str, ...],
    classes: int,
    false_alarm: float,
) -> OutlierExposure:
    """Fits on models after and before their training.

    Args:
        trained: Features and class templates of the models to learn from.
        untrained: Features of the same before their first step.
        validation: Features and class templates of other trained models, to set the limit on.
        names: Names of the templates' columns, class by class; none for templates of no column.
        classes: The classes that templates speak of.
        false_alarm: Share of validation that lies beyond the limit.
    """
    features, templates = trained
    mean, outliers = _unit(templates.sum(axis=0)), [untrained]
    if names:
        other = _shuffled(templates, classes) @ mean
        outliers = [np.column_stack([each, other]) for each in (untrained, features)]
        features = np.column_stack([features, _agreement_with_others(templates)])
    spread = features.std(axis=0)
    centre, scale = features.mean(axis=0), np.where(spread > 0, spread, 1.0)
    target = np.repeat([-1.0, 1.0], [len(features), sum(map(len, outliers))])
    learner = fit_ridge(_standard(np.vstack([features, *outliers]), centre, scale), target)
    seen = np.column_stack([validation[0], validation[1] @ mean]) if names else validation[0]
    strangeness = learner.predict(_standard(seen, centre, scale))
    return OutlierExposure(
        template=dict(zip(names, mean.tolist(), strict=True)),
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        learner=learner,
        limit=float(np.quantile(strangeness, 1 - false_alarm, method="higher")),
    )


def _agreement_with_others(templates: Array) -> Array:
    """Cosine of each with the mean of all others ``[n]``: with its own share in it, it would agree too well."""
    others = templates.sum(axis=0) - templates
    return (templates * others).sum(axis=1) / np.maximum(np.linalg.norm(others, axis=1), TINY)


def _shuffled(templates: Array, classes: int) -> Array:
    """Each with its classes moved on by one or more places, so that none keeps its own."""
    by_class = templates.reshape(len(templates), classes, templates.shape[1] // classes)
    moved = [np.roll(each, 1 + place % max(classes - 1, 1), axis=0) for place, each in enumerate(by_class)]
    return np.stack(moved).reshape(templates.shape)


def _unit(template: Array) -> Array:
    return template / max(float(np.linalg.norm(template)), TINY)


def _standard(seen: Array, centre: Array, scale: Array) -> Array:
    standard = np.clip((seen - centre) / scale, -FARTHEST, FARTHEST)
    return np.hstack([standard, standard**2])
