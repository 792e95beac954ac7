"""Counterfactual pairs: rows of one label, alike but for the attribute; importing this module imports torch.

Three ways to come by them: the data gives them, an attack changes the attribute, or samples of one label are matched
by their features.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from biasgate.errors import InputError
from biasgate.repair.adversary.attack import attack
from biasgate.repair.adversary.attribute_reader import fit_reader
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.bias import Pairs
from biasgate.repair.heads.last_layer import read_features
from biasgate.repair.heads.linear import Samples

RADIUS = 1.0
"""Of the colour maps that make counterfactuals: any colour but black reaches any other."""


def found_pairs(samples: Samples, data: RepairData) -> Pairs:
    """Pairs that the data gives where it gives any, matched samples else.

    Args:
        samples: Features and labels of ``data``.
        data: Samples whose clusters say what is a pair.

    Raises:
        InputError: There are none of either.
    """
    if len(pair_rows(data)[0]):
        return given_pairs(samples, data)
    return matched_pairs(samples, data.aligned.numpy())


def pair_rows(data: RepairData) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Aligned and conflicting rows of the same clusters and labels, the first of each side; empty if there are none."""
    keys = np.column_stack([data.clusters.numpy(), data.labels.numpy()])
    sides = [np.flatnonzero(side) for side in (data.aligned.numpy(), ~data.aligned.numpy())]
    first = [dict(zip(map(tuple, keys[rows][::-1]), rows[::-1], strict=True)) for rows in sides]
    shared = sorted(first[0].keys() & first[1].keys())
    aligned, conflicting = (np.array([side[key] for key in shared], dtype=np.int64) for side in first)
    return aligned, conflicting


def counterparts(data: RepairData) -> torch.Tensor:
    """The row of each sample's other half of a pair, ``int64 [n]``; its own where it has none."""
    rows = np.arange(len(data))
    aligned, conflicting = pair_rows(data)
    rows[aligned], rows[conflicting] = conflicting, aligned
    return torch.from_numpy(rows)


def given_pairs(samples: Samples, data: RepairData) -> Pairs:
    """Pairs that the data gives: an image coloured twice, a row of a table with the attribute flipped.

    Args:
        samples: Features and labels of ``data``.
        data: Samples of which those that share a cluster and a label are a pair.

    Raises:
        InputError: There are none.
    """
    aligned, conflicting = pair_rows(data)
    if not len(aligned):
        raise InputError(
            "no cluster has an aligned and a conflicting sample", fix="give counterfactual pairs, or pair otherwise"
        )
    return Pairs(samples.take(aligned), samples.take(conflicting))


def matched_pairs(samples: Samples, aligned: NDArray[np.bool_]) -> Pairs:
    """Pairs by matching: each conflicting sample with the nearest aligned one of its label, features standardised.

    Raises:
        InputError: No label has both.
    """
    from scipy.spatial.distance import cdist

    spread = samples.features.std(axis=0).clip(min=1e-9)
    first, second = list[NDArray[np.int64]](), list[NDArray[np.int64]]()
    for label in np.unique(samples.labels):
        ours = np.flatnonzero(aligned & (samples.labels == label))
        theirs = np.flatnonzero(~aligned & (samples.labels == label))
        if len(ours) and len(theirs):
            scaled = samples.features / spread
            first.append(ours[cdist(scaled[theirs], scaled[ours]).argmin(axis=1)])
            second.append(theirs)
    if not first:
        raise InputError("no label has both aligned and conflicting samples", fix="give samples of both")
    return Pairs(samples.take(np.concatenate(first)), samples.take(np.concatenate(second)))


def generated_pairs(classifier: PixelClassifier, data: RepairData, *, seed: int) -> Pairs:
    """Pairs by generation: the attribute of every aligned image is attacked towards a uniformly drawn other value.

    The attack mixes colours until a reader of the classifier's own features reads the other value; the pairs whose
    images do not flip are left out.

    Raises:
        InputError: No image flipped.
    """
    originals = data.take(data.aligned)
    reader = fit_reader(classifier, data)
    others = torch.randint(1, data.kinds, (len(originals),), generator=Generator().manual_seed(seed))
    targets = (originals.values + others) % data.kinds
    images = attack(reader, originals.samples, targets, family="mixing", radius=RADIUS)
    with torch.no_grad():
        flipped = reader(images).argmax(dim=1) == targets
    if not flipped.any():
        raise InputError("no image's attribute could be changed", fix="give counterfactual pairs, or match")
    kept = originals.take(flipped)
    return Pairs(read_features(classifier, kept), read_features(classifier, replace(kept, samples=images[flipped])))
