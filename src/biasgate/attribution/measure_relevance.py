"""From a candidate and images to ``Relevance``, and to the average heatmaps that people look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.attribution.cases import Cases, Floats, cases
from biasgate.attribution.region_numbers import region_numbers
from biasgate.attribution.relevance_table import MethodNumbers, RelevanceTable
from biasgate.contracts.relevance import Pictures, Relevance, RelevanceSpec
from biasgate.data.dataset import Dataset
from biasgate.data.regions import RegionMap
from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage

SANITY_IMAGES = 128
"""Images that randomised weights are looked at with."""


def measure_relevance(
    package: CandidatePackage, dataset: Dataset, regions: RegionMap, spec: RelevanceSpec
) -> tuple[Relevance, Pictures]:
    """Explains a candidate on aligned images, and compares subgroups of persons.

    Its weights are read into the network that its card declares, or its graph is computed operator by operator;
    nothing of the candidate runs as code.

    Args:
        package: Any candidate that takes images and whose operators are known.
        dataset: Images on which things lie where ``regions`` says.
        regions: With the regions of every label.
        spec: Which heatmaps, broken down how.

    Raises:
        InputError: Classes and data set disagree, a label has no regions; see also ``cases`` and ``heatmaps``.
        CandidateError: The card's architecture is not the model's (see ``models.restore.restore``), or gradients do
            not pass through its graph (see ``models.gradients.with_gradients``).
    """
    from biasgate.attribution.heatmaps import heatmaps, randomised
    from biasgate.models.gradients import with_gradients
    from biasgate.models.preprocess import preprocess
    from biasgate.models.restore import restore

    if dataset.samples.ndim != 4:
        raise InputError(
            "heatmaps are of images, and these are rows of features", where=dataset.name, fix="give images"
        )
    if package.card.classes != dataset.classes:
        raise InputError("the card's classes are not the data set's", where=package.card.name, fix="give its data set")
    clusters = cases(dataset, spec.attributes, depth=spec.depth, minimum=spec.minimum)
    network = restore(package) if package.card.architecture else with_gradients(package, dataset.array)
    inputs, truth = preprocess(dataset.array, package.card.input), _truth(dataset)
    last = package.card.input.layout == "NHWC"
    other, targets = randomised(network, seed=spec.seed), range(len(dataset.classes))
    pictures = Pictures(clusters.subgroups, _averages(dataset.array.astype(np.float64), clusters), {}, {})
    found: list[MethodNumbers] = []
    for method in spec.methods:
        maps = heatmaps(network, inputs, targets=targets, method=method, channels_last=last)
        theirs = heatmaps(other, inputs[:SANITY_IMAGES], targets=targets, method=method, channels_last=last)
        numbers = region_numbers(maps, regions, dataset.classes)
        found.append(
            MethodNumbers(
                method=method,
                parts=clusters.means(numbers.parts),
                share=clusters.means(numbers.share),
                density=clusters.means(numbers.density),
                level_share=clusters.means(at_equal_truth(numbers.share, truth)),
                level_net=clusters.means(at_equal_truth(_scaled(numbers.net, maps), truth)),
                randomised=region_numbers(theirs, regions, dataset.classes).share.mean(axis=0),
                likeness=_likeness(maps[:SANITY_IMAGES], theirs),
            )
        )
        pictures.size[method] = _averages(_evened(maps), clusters).swapaxes(0, 1)
        pictures.net[method] = _averages(at_equal_truth(_scaled(maps, maps), truth), clusters).swapaxes(0, 1)
    table = RelevanceTable(found, clusters, spec, labels=dataset.classes, regions=regions.names)
    relevance = Relevance(
        model=package.digest,
        data=dataset.digest,
        spec=digest(spec),
        regions=digest(regions),
        rows=len(dataset),
        clusters=len(clusters),
        methods=table.methods(),
        false_findings=table.false_findings(),
    )
    return relevance, pictures


def at_equal_truth(values: Floats, truth: NDArray[np.bool_]) -> Floats:
    """Numbers of images ``[n, labels, …]`` less the mean over all images with the same truth ``[n, labels]``."""
    level = np.array(values, dtype=np.float64)
    for label in range(truth.shape[1]):
        for state in (True, False):
            rows = truth[:, label] == state
            if rows.any():
                level[rows, label] -= level[rows, label].mean(axis=0)
    return level


def _truth(dataset: Dataset) -> NDArray[np.bool_]:
    """Whether an image has a label ``[rows, labels]``."""
    if dataset.labels.ndim == 2:
        return dataset.labels == 1
    return dataset.labels[:, None] == np.arange(len(dataset.classes))


def _scaled(values: NDArray[np.floating], maps: NDArray[np.float32]) -> Floats:
    """In standard deviations, over images, of the sum of a label's map."""
    deviation = maps.sum(axis=(2, 3)).std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return values / deviation.reshape(1, -1, *[1] * (values.ndim - 2))


def _evened(maps: NDArray[np.float32]) -> Floats:
    """Sizes of relevance, each map's mean being 1, so that each image counts alike."""
    size = np.abs(maps).astype(np.float64)
    mean = size.mean(axis=(2, 3), keepdims=True)
    return size / np.where(mean > 0, mean, 1)


def _likeness(maps: NDArray[np.float32], theirs: NDArray[np.float32]) -> Floats:
    """Spearman's correlation of the sizes of two networks' relevance, mean over labels ``[n]``."""
    from scipy.stats import rankdata

    ranks = [rankdata(np.abs(m).reshape(*m.shape[:2], -1), axis=-1) for m in (maps, theirs)]
    ours, others = (r - r.mean(axis=-1, keepdims=True) for r in ranks)
    scale = np.sqrt((ours**2).sum(axis=-1) * (others**2).sum(axis=-1))
    return ((ours * others).sum(axis=-1) / np.where(scale > 0, scale, 1)).mean(axis=1)


def _averages(values: NDArray[np.floating], clusters: Cases) -> Floats:
    """Mean over the clusters of each subgroup, of numbers of rows ``[rows, …]``: ``[subgroups, …]``; NaN when empty."""
    means, members = clusters.means(np.asarray(values, dtype=np.float64)), clusters.members.astype(np.float64)
    sizes = members.sum(axis=0)
    sizes = np.where(sizes > 0, sizes, np.nan).reshape(-1, *[1] * (means.ndim - 1))
    return np.tensordot(members.T, means, axes=1) / sizes
