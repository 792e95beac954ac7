"""What heatmaps show by subgroup: in numbers (``Relevance``), in pictures, and what was found in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.contracts.estimate import Clusters, Estimate
from biasgate.documents import Document

Floats = NDArray[np.float64]
Method = Literal["lrp", "integrated_gradients"]
Statistic = Literal["share", "net"]
Kind = Literal["rate", "lean", "focus", "unfocused"]
MARGINS: dict[Kind, float] = {"rate": 0.05, "lean": 0.2, "focus": 0.05}
"""What a proven difference must exceed: 5 points of a rate or of relevance share, and a small effect (0.2 standard
deviations, Cohen 1988) of how far the network leans. They are ours, set after a look at development models whose seeds
are none of the study's (docs/how-to/heatmaps.md)."""


class RelevanceSpec(Document):
    """Which heatmaps, broken down how.

    Attributes:
        methods: See ``heatmaps.heatmaps``.
        attributes: Attributes of clusters (of persons, not of images) to break down by.
        depth: Intersections of up to this many attributes as well.
        confidence: Two-sided confidence of every interval.
        minimum: Subgroups with fewer clusters have no numbers.
        draws: Permutations of the attributes behind each p-value.
        nulls: Permuted data sets on which the whole procedure is checked.
        seed: Of permutations and of randomised weights.
    """

    schema_: Literal["biasgate/relevance-spec/v1"] = Field(default="biasgate/relevance-spec/v1", alias="schema")
    methods: tuple[Method, ...] = Field(default=("lrp", "integrated_gradients"), min_length=1)
    attributes: tuple[str, ...] = Field(min_length=1)
    depth: int = Field(default=1, ge=1, le=3)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    minimum: int = Field(default=30, ge=3)
    draws: int = Field(default=999, ge=99, le=100_000)
    nulls: int = Field(default=200, ge=0, le=10_000)
    seed: int = Field(default=0, ge=0)


class Focus(Document):
    """Where relevance for one label lies, in one subgroup.

    Attributes:
        label: Its name.
        subgroup: Attribute values; empty for the whole set.
        clusters: Persons.
        share: Mean share of relevance inside the label's regions (RRF); absent in a subgroup that is too small.
        density: Geometric mean of relevance per area inside over outside: 1 when it lies anywhere alike.
        p_value: One-sided Wilcoxon signed-rank test, one number a cluster, that it is denser inside; Holm-corrected
            over the labels and subgroups of this method.
        parts: Mean share of every region.
        randomised: Mean share inside when all weights are drawn anew: what the images' own structure gives. Of the
            whole set only.
    """

    label: str
    subgroup: dict[str, str]
    clusters: Clusters
    share: Estimate | None = None
    density: Estimate | None = None
    p_value: float | None = None
    parts: dict[str, float] = {}
    randomised: float | None = None


class Contrast(Document):
    """A difference of heatmaps between two subgroups of one attribute combination, at equal truth.

    From each image's number the mean over all images with the same truth (label present or absent) is taken first, so
    that a subgroup that shows a label more often does not differ for that.

    Attributes:
        label: Its name.
        statistic: ``share``: of relevance inside the label's regions. ``net``: signed relevance of the whole map, in
            standard deviations over images: how far the network leans towards the label in one subgroup.
        attribute: Attribute, or ``*``-joined attributes.
        higher: Subgroup with the higher mean.
        lower: The other.
        estimate: higher − lower, Welch's interval over clusters.
        simultaneous: Limits of higher − lower that hold for all contrasts of the document at once (permutations).
        p_value: Corrected for all contrasts of the document: share of permutations whose largest |t| reaches this
            one's.
        parts: Of ``net``: how much of the difference each region carries; adds up to it.
    """

    label: str
    statistic: Statistic
    attribute: str
    higher: dict[str, str]
    lower: dict[str, str]
    estimate: Estimate
    simultaneous: tuple[float, float]
    p_value: float
    parts: dict[str, Estimate] = {}


class MethodRelevance(Document):
    """What one method's heatmaps show.

    Attributes:
        method: Its name.
        focus: By label and subgroup; the whole set first.
        contrasts: By label, statistic and pair of subgroups.
        likeness: Sanity check (Adebayo et al. 2018): mean over images of the rank correlation of these heatmaps with
            those of the same network with all weights drawn anew. Near 1 they would show the image, not what was
            learned.
    """

    method: Method
    focus: tuple[Focus, ...]
    contrasts: tuple[Contrast, ...]
    likeness: Estimate


class Relevance(Document):
    """Heatmaps of one candidate on one data set, in numbers.

    Attributes:
        model: Digest of the candidate's package.
        data: Digest of the data set.
        spec: Digest of the spec.
        regions: Digest of the region map.
        rows: Images.
        clusters: Persons.
        methods: By method.
        false_findings: Share of data sets with permuted attributes in which any contrast had a corrected p-value of
            .05 or less; .05 is right. Absent when none was asked for, or there was nothing to compare.
    """

    schema_: Literal["biasgate/relevance/v1"] = Field(default="biasgate/relevance/v1", alias="schema")
    model: str
    data: str
    spec: str
    regions: str
    rows: int
    clusters: Clusters
    methods: tuple[MethodRelevance, ...]
    false_findings: Estimate | None = None


@dataclass(frozen=True, eq=False)
class Pictures:
    """Averages over the clusters of each subgroup, the whole set first.

    Attributes:
        subgroups: Attribute values.
        faces: Average image ``[subgroups, height, width, channels]``, 0 to 255.
        size: Average ``|r|`` by method, each map scaled to mean 1 first ``[labels, subgroups, height, width]``.
        net: Average signed relevance at equal truth, in standard deviations of a map's sum; as ``size``.
    """

    subgroups: list[dict[str, str]]
    faces: Floats
    size: dict[Method, Floats]
    net: dict[Method, Floats]


class Finding(Document):
    """One thing that was found.

    Attributes:
        kind: ``rate``: a metric differs between subgroups. ``lean``: at equal truth the network leans towards the label
            in one subgroup. ``focus``: relevance lies inside the label's regions more in one subgroup. ``unfocused``:
            in a subgroup relevance is not shown to be denser inside the label's regions than outside.
        label: Its name; none when a sample has one class.
        measure: The metric, or the method of the heatmaps.
        attribute: Attribute, or ``*``-joined attributes; empty for the whole set.
        higher: Subgroup with more of it.
        lower: The other; the same as ``higher`` when nothing is compared.
        estimate: The difference; of ``unfocused`` the density.
        p_value: Corrected.
        regions: Those that carry at least a fifth of a lean, the largest first, with their part.
    """

    kind: Kind
    label: str | None
    measure: str
    attribute: str
    higher: dict[str, str]
    lower: dict[str, str]
    estimate: Estimate
    p_value: float
    regions: dict[str, Estimate] = {}
