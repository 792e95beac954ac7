"""What a repair learns from: samples, labels and the sensitive attribute, as tensors; importing this imports torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.data.splits import split
from biasgate.errors import InputError
from biasgate.repair.classifier import PixelClassifier

ALIGNMENT = "alignment"
SIDES = ("aligned", "conflicting")
"""The attribute that says whether a sample's value agrees with its label, and the values that it may have."""
VALIDATION_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class RepairData:
    """All that a method may know: samples, labels, and what their owner wrote down about each.

    Attributes:
        samples: Images ``float32 [n, channels, height, width]`` in [0, 1], or rows ``float32 [n, features]`` as stored.
        labels: ``int64 [n]``.
        values: Value of the sensitive attribute, ``int64 [n]``, below ``kinds``.
        kinds: Number of values; 2 or more.
        aligned: Whether the attribute has the value that the model leans on for the label, ``bool [n]``.
        clusters: What each sample is of, ``int64 [n]``: an image coloured twice is one cluster.
    """

    samples: Tensor
    labels: Tensor
    values: Tensor
    kinds: int
    aligned: Tensor
    clusters: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> RepairData:
        """The same with only these rows."""
        return replace(
            self,
            samples=self.samples[rows],
            labels=self.labels[rows],
            values=self.values[rows],
            aligned=self.aligned[rows],
            clusters=self.clusters[rows],
        )


def read_data(
    dataset: Dataset,
    *,
    attribute: str | None = None,
    classifier: PixelClassifier | None = None,
    features: Tensor | None = None,
) -> RepairData:
    """Takes from a data set what a repair needs.

    Where the set says which samples are ``aligned`` and which ``conflicting``, under the attribute ``alignment``, that
    counts. Else they are told by the classifier, as in ``favoured``. An attribute of that name with other values, or
    one that is itself the sensitive attribute, is one like any other.

    Args:
        dataset: 8-bit images or rows, one label each, with the attribute.
        attribute: Name of the sensitive attribute, as in ``sensitive_attribute``.
        classifier: Model that is asked where the set does not say what is aligned.
        features: What takes the place of the samples ``[n, features]``, and what the classifier then takes.

    Raises:
        InputError: The set is of neither images nor rows, holds NaN, is multi-label, lacks the attribute, or one has
            too few values.
    """
    samples = stored_samples(dataset) if features is None else features
    labels = torch.from_numpy(dataset.labels)
    attribute = sensitive_attribute(dataset, attribute)
    kinds, codes = np.unique(dataset.attribute(attribute), return_inverse=True)
    if len(kinds) < 2:
        raise InputError(
            f"attribute {attribute!r} has {len(kinds)} value", where=dataset.name, fix="repair needs at least two"
        )
    values = torch.from_numpy(codes.astype(np.int64))
    if classifier is None or (attribute != ALIGNMENT and says_alignment(dataset)):
        aligned = _declared(dataset)
    else:
        aligned = favoured(classifier, samples, labels, values)
    return RepairData(samples, labels, values, len(kinds), aligned, torch.from_numpy(dataset.clusters))


def sensitive_attribute(dataset: Dataset, name: str | None) -> str:
    """The attribute of this name; without a name, the only one that the set has besides ``alignment``.

    Raises:
        InputError: There is no such attribute, or without a name there are several.
    """
    said = says_alignment(dataset)
    besides = f" besides {ALIGNMENT!r}" if said else ""
    names = [column for column in map(str, dataset.attributes) if column != ALIGNMENT or not said]
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise InputError(
            f"the repair data has {len(names)} attributes{besides}: {', '.join(names) or 'none'}",
            where=dataset.name,
            fix="name the one that decisions shall not lean on",
        )
    dataset.attribute(name)
    return name


def says_alignment(dataset: Dataset) -> bool:
    """Whether the set says which of its samples are aligned and which conflicting."""
    return ALIGNMENT in dataset.attributes and set(dataset.attribute(ALIGNMENT)) <= set(SIDES)


def known_only(dataset: Dataset, attribute: str) -> Dataset:
    """The set without samples of which the attribute is not known.

    Raises:
        InputError: There is none of which it is.
    """
    known = dataset.attribute(attribute) != UNKNOWN
    if not known.any():
        raise InputError(f"{attribute!r} is known of no sample", where=dataset.name, fix="give samples of which it is")
    return dataset if known.all() else dataset.take(known)


def require_counterparts(dataset: Dataset, attribute: str) -> None:
    """Refuses data that cannot tell whether decisions lean on the attribute: of a value, or of all.

    Raises:
        InputError: A value comes with one label alone, or never beside another value of the same label.
    """
    values, labels = dataset.attribute(attribute), dataset.labels
    several = {label for label in np.unique(labels) if len(set(values[labels == label])) > 1}
    for value in map(str, np.unique(values)):
        own = set(labels[values == value].tolist())
        if not own & several:
            raise InputError(
                f"{attribute} = {value!r} has no counterpart: no sample of its labels has another value",
                where=dataset.name,
                fix="give, of one label, samples with each value",
            )
        if len(own) == 1:
            raise InputError(
                f"all samples with {attribute} = {value!r} have the label {dataset.classes[own.pop()]!r}",
                where=dataset.name,
                fix="give some of another label",
            )


def favoured(classifier: PixelClassifier, samples: Tensor, labels: Tensor, values: Tensor) -> Tensor:
    """Whether a sample has the value that speaks most for the sample's label, as the model sees it, ``bool [n]``.

    A value speaks for a label by the sum, over the samples with both, of the label's probability less its mean over all
    samples of the label. Of two values that is the one with the higher probability; of many, a rare one has to be far
    ahead.
    """
    with torch.no_grad():
        belief = classifier(samples).softmax(dim=1).double().gather(1, labels[:, None])[:, 0]
    aligned = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        rows = labels == label
        speaks = torch.bincount(values[rows], weights=belief[rows] - belief[rows].mean())
        kinds = values[rows].unique()
        aligned |= rows & (values == kinds[speaks[kinds].argmax()])
    return aligned


def stored_samples(dataset: Dataset) -> Tensor:
    """Samples as ``RepairData`` holds them.

    Raises:
        InputError: The set is of neither images nor rows, holds NaN, or is multi-label.
    """
    stored, images = dataset.array, dataset.samples.ndim == 4
    if dataset.labels.ndim != 1 or not (stored.ndim == 2 or (images and stored.dtype == np.uint8)):
        raise InputError("samples are neither 8-bit images nor rows with one label each", where=dataset.name)
    if not np.isfinite(stored).all():
        raise InputError("samples hold NaN or infinities", where=dataset.name, fix="fill or drop what is missing")
    return torch.from_numpy(stored).permute(0, 3, 1, 2).float() / 255 if images else torch.from_numpy(stored)


def validation_rows(dataset: Dataset, data: RepairData, *, seed: int) -> Tensor:
    """Which rows choose the settings: those of a quarter of the clusters, stratified by label, ``bool [n]``.

    Args:
        dataset: Data set that ``data`` was read from.
        data: Values and alignment of its rows.
        seed: Draws the clusters.

    Raises:
        InputError: The other rows lack a value of the attribute, or either side lacks aligned or conflicting rows.
    """
    try:
        _, chosen = split(dataset, share=1 - VALIDATION_SHARE, seed=seed)
    except InputError:
        raise _too_few(dataset) from None
    rows = torch.from_numpy(np.isin(dataset.clusters, chosen.clusters))
    learned = set(data.values[~rows].tolist()) == set(data.values.tolist())
    if not (learned and all(len(data.aligned[side].unique()) == len(SIDES) for side in (rows, ~rows))):
        raise _too_few(dataset)
    return rows


def _too_few(dataset: Dataset) -> InputError:
    return InputError(
        "too few clusters to hold some out to choose by: a value of an attribute would be on one side only",
        where=dataset.name,
        fix="give more clusters of the rarest value",
    )


def _declared(dataset: Dataset) -> Tensor:
    """Alignment as the data set says it."""
    sides = dataset.attribute(ALIGNMENT)
    if set(sides) != set(SIDES):
        raise InputError(
            f"alignment has the values {sorted(set(sides))}",
            where=dataset.name,
            fix="repair needs both 'aligned' and 'conflicting' samples, and no others",
        )
    return torch.from_numpy(sides == SIDES[0])
