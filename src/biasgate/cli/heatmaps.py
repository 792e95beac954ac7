"""``biasgate heatmaps``: where a candidate looks, by subgroup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.cli.candidates import Data, Package
from biasgate.cli.sources import packed
from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.data.dataset import Dataset
    from biasgate.data.regions import RegionMap

app = typer.Typer()


@app.command()
def heatmaps(
    package: Package,
    *,
    data: Data,
    attributes: Annotated[str, typer.Option(help="Attributes of persons, with commas: gender,skin.")],
    depth: Annotated[int, typer.Option(help="Intersections of up to this many attributes.", min=1, max=3)] = 2,
    regions: Annotated[
        str | None,
        typer.Option(help="Region map in YAML, a file or URI: where each label shows. Drawn faces bring their own."),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="lrp (of declared architectures) or integrated_gradients; may be repeated.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="Folder for relevance.json and relevance.html.")] = None,
    json: Json = False,
) -> None:
    """Explain a candidate on aligned images: heatmaps averaged by subgroup, region numbers, corrected tests, advice.

    Without a declared architecture the graph itself is explained, by integrated gradients. No code of the candidate
    runs. The look is not logged: leave the gate's split alone.
    """
    from tempfile import TemporaryDirectory

    from biasgate.attribution.findings import findings, rates_spec
    from biasgate.attribution.measure_relevance import measure_relevance
    from biasgate.contracts.relevance import RelevanceSpec
    from biasgate.contracts.wording import subgroup
    from biasgate.data.source import open_dataset
    from biasgate.evaluation.evaluate import evaluate
    from biasgate.report.advice import advice
    from biasgate.report.relevance import relevance_page
    from biasgate.report.text import share_interval

    dataset = open_dataset(data)
    with TemporaryDirectory() as work:
        candidate = packed(package, Path(work))
        methods = method or (["integrated_gradients"] if candidate.card.architecture is None else None)
        named = {"attributes": attributes.split(","), "depth": depth} | ({"methods": methods} if methods else {})
        spec = RelevanceSpec.build(named, where="the options")
        places = _places(regions, dataset, data)
        relevance, pictures = measure_relevance(candidate, dataset, places, spec)
        found = findings(evaluate(candidate, dataset, rates_spec(dataset, spec)), relevance)
    if into:
        into.mkdir(parents=True, exist_ok=True)
        (into / "relevance.json").write_bytes(relevance.to_json())
        (into / "relevance.html").write_text(relevance_page(relevance, pictures, found=found), encoding="utf-8")
    if json:
        print_json(relevance)
        return
    rows = [
        [m.method, f.label, subgroup(f.subgroup), share_interval(f.share) if f.share else "too few", str(f.clusters)]
        for m in relevance.methods
        for f in m.focus
        if len(f.subgroup) < 2
    ]
    print_table("relevance inside the label's regions", ["method", "label", "subgroup", "share", "clusters"], rows)
    for sentence in advice(found):
        say(f"- {sentence}")


def _places(regions: str | None, dataset: Dataset, data: str) -> RegionMap:
    """Where each label shows: as the map says, or on a drawn face."""
    from biasgate.data.faces.drawn.regions import FACE_REGIONS
    from biasgate.data.regions import RegionMap
    from biasgate.errors import InputError
    from biasgate.storage import store

    if regions is not None:
        return RegionMap.parse(store.read_bytes(regions, limit=2**20), where=regions)
    unknown = [label for label in dataset.classes if label not in FACE_REGIONS.evidence]
    if unknown and dataset.samples.ndim > 2:
        raise InputError(
            f"nothing says where on these images {', '.join(map(repr, unknown[:5]))} show",
            where=data,
            fix="give --regions FILE, a region map as in docs/how-to/heatmaps.md; only drawn faces, whose labels are "
            f"{', '.join(FACE_REGIONS.evidence)}, bring their own",
        )
    return FACE_REGIONS
