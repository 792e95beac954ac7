"""Heatmaps by subgroup as a page: pictures, numbers, what was found and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from biasgate.contracts import wording
from biasgate.contracts.relevance import Contrast, Finding, Focus, MethodRelevance, Pictures, Relevance
from biasgate.contracts.wording import subgroup
from biasgate.report.advice import advice
from biasgate.report.heatmap_pictures import data_uri, lean_tile, size_tiles
from biasgate.report.rendering import page
from biasgate.report.suppression import FEW


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A small picture inside the page, with what it shows."""

    caption: str
    source: str


def relevance_page(relevance: Relevance, pictures: Pictures, *, found: Sequence[Finding]) -> str:
    """The page, what to do about it first; subgroups of fewer than ten clusters are not drawn, and have no numbers."""
    shown = [
        place
        for place, group in enumerate(pictures.subgroups)
        if len(group) < 2 and clusters_of(relevance, group) >= FEW
    ]
    return page(
        "relevance.html.j2",
        relevance=relevance,
        advice=advice(found),
        findings=found,
        tiles={method.method: _tiles(method, pictures, shown) for method in relevance.methods},
        focus={method.method: _whole_first(method) for method in relevance.methods},
        named={method.method: [c for c in method.contrasts if c.p_value <= 0.05] for method in relevance.methods},
        subgroup=subgroup,
    )


def clusters_of(relevance: Relevance, group: dict[str, str]) -> int:
    """Clusters of a subgroup."""
    return next(focus.clusters for focus in relevance.methods[0].focus if focus.subgroup == group)


def largest_lean(method: MethodRelevance, label: str, attribute: str) -> Contrast | None:
    """The pair of an attribute's subgroups between which a label's maps lean most apart."""
    leans = [c for c in method.contrasts if (c.statistic, c.label, c.attribute) == ("net", label, attribute)]
    return max(leans, key=lambda contrast: contrast.estimate.value, default=None)


def _tiles(method: MethodRelevance, pictures: Pictures, shown: list[int]) -> dict[str, list[Tile]]:
    """By label: sizes in the whole set and in each subgroup of one attribute, then the largest lean of each."""
    labels = dict.fromkeys(focus.label for focus in method.focus)
    attributes = dict.fromkeys(name for place in shown for name in pictures.subgroups[place])
    made: dict[str, list[Tile]] = {}
    for row, label in enumerate(labels):
        captions = [subgroup(pictures.subgroups[place]) for place in shown]
        sizes = size_tiles(pictures, method.method, row, shown)
        made[label] = [Tile(caption=c, source=data_uri(tile)) for c, tile in zip(captions, sizes, strict=True)]
        for lean in filter(None, (largest_lean(method, label, attribute) for attribute in attributes)):
            pair = (pictures.subgroups.index(lean.higher), pictures.subgroups.index(lean.lower))
            caption = f"lean: {wording.group(lean.higher)} (red) − {wording.group(lean.lower)} (blue)"
            made[label].append(Tile(caption=caption, source=data_uri(lean_tile(pictures, method.method, row, pair))))
    return made


def _whole_first(method: MethodRelevance) -> list[Focus]:
    """The whole set and subgroups of one attribute; intersections stay in the document."""
    return [focus for focus in method.focus if len(focus.subgroup) < 2]
