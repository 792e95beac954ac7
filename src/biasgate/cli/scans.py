"""``biasgate scan``: what weights say, without inference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.cli.output import Json, print_json, print_table
from biasgate.errors import CandidateError

if TYPE_CHECKING:
    from biasgate.meta.classifier import MetaClassifier
    from biasgate.meta.files import FileScan

app = typer.Typer()


@app.command()
def scan(
    models: Annotated[list[Path], typer.Argument(help="ONNX, safetensors or .pt files, packages, or folders of them.")],
    *,
    meta_classifier: Annotated[
        str | None,
        typer.Option(
            help="Its file, or a registered version; the one that comes with biasgate by default.",
            envvar="BIASGATE_META_CLASSIFIER",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read bias from the weights of models. Nothing is run. A file that cannot be read is an entry with its reason."""
    from biasgate.meta.files import models_in, scan_files
    from biasgate.progress import progress

    reader = _reader(meta_classifier)
    files = [file for model in models for file in models_in(model)]
    with progress("scan", total=len(files), unit="models") as advance:
        entries = [_entry(scanned) for scanned in scan_files(reader, files, advance=advance)]
    if json:
        print_json(entries[0] if files == models and len(files) == 1 else entries)
    else:
        columns = ["model", "level", "probability", "predicted bias", "why"]
        print_table("scan", columns, [_row(entry) for entry in entries])
    if any("error" in entry for entry in entries):
        raise typer.Exit(CandidateError.exit_code)


def _reader(source: str | None) -> MetaClassifier:
    if source:
        from biasgate.registry.meta_classifiers import load_meta_classifier

        return load_meta_classifier(source)
    from biasgate.meta.shipped import shipped_meta_classifier

    return shipped_meta_classifier()


def _entry(scanned: FileScan) -> dict[str, Any]:
    """All fields of the scan, absent ones as null; or the error."""
    file = str(scanned.file)
    if isinstance(scanned.scan, CandidateError):
        return {"file": file, "error": str(scanned.scan)}
    return {"file": file, **scanned.scan.model_dump(mode="json", by_alias=True)}


def _row(entry: dict[str, Any]) -> list[str]:
    if "error" in entry:
        return [entry["file"], "unreadable", "", "", entry["error"]]
    if entry["abstained"]:
        return [entry["file"], "abstained", "", "", entry["reason"]]
    bias = entry["measured_bias"]
    interval = f"{bias['value']:.2f} [{bias['low']:.2f}, {bias['high']:.2f}]"
    return [entry["file"], entry["level"], f"{entry['probabilities'][entry['level']]:.2f}", interval, entry["reason"]]
