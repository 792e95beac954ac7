"""``biasgate scan`` and ``biasgate weights features``: what weights say, without inference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.cli.output import Json, print_json, print_table
from biasgate.errors import CandidateError

if TYPE_CHECKING:
    from biasgate.meta.classifier import MetaClassifier

app = typer.Typer()
CHAMPION = "models:/biasgate-meta-classifier@champion"


@app.command()
def scan(
    models: Annotated[list[Path], typer.Argument(help="ONNX, safetensors or .pt files, or packages.")],
    *,
    meta_classifier: Annotated[
        str, typer.Option(help="Its file, or a registered version.", envvar="BIASGATE_META_CLASSIFIER")
    ] = CHAMPION,
    json: Json = False,
) -> None:
    """Read bias from the weights of models. Nothing is run. A file that cannot be read is an entry with its reason."""
    from biasgate.registry.meta_classifiers import load_meta_classifier

    reader = load_meta_classifier(meta_classifier)
    entries = [_entry(reader, model) for model in models]
    if json:
        print_json(entries[0] if len(entries) == 1 else entries)
    else:
        columns = ["model", "level", "probability", "predicted bias", "why"]
        print_table("scan", columns, [_row(entry) for entry in entries])
    if any("error" in entry for entry in entries):
        raise typer.Exit(CandidateError.exit_code)


def _entry(reader: MetaClassifier, model: Path) -> dict[str, Any]:
    from biasgate.models.reading import read_weights

    try:
        found = reader.scan(read_weights(model))
    except CandidateError as error:
        return {"file": str(model), "error": str(error)}
    return {"file": str(model), **found.model_dump(mode="json", by_alias=True, exclude_none=True)}


def _row(entry: dict[str, Any]) -> list[str]:
    if "error" in entry:
        return [entry["file"], "unreadable", "", "", entry["error"]]
    if entry["abstained"]:
        return [entry["file"], "abstained", "", "", entry["reason"]]
    bias = entry["measured_bias"]
    interval = f"{bias['value']:.2f} [{bias['low']:.2f}, {bias['high']:.2f}]"
    return [entry["file"], entry["level"], f"{entry['probabilities'][entry['level']]:.2f}", interval, entry["reason"]]
