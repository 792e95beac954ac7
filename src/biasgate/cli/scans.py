"""``biasgate scan``: what weights say, without inference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.errors import CandidateError
from biasgate.report.terminal import Json, print_json, print_table

if TYPE_CHECKING:
    from biasgate.detection.reader.files import FileScan
    from biasgate.detection.reader.meta_classifier import MetaClassifier

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
    from biasgate.detection.reader.files import models_in, scan_files
    from biasgate.progress import progress

    meta = _load(meta_classifier)
    files = [file for model in models for file in models_in(model)]
    with progress("scan", total=len(files), unit="models") as advance:
        found = list(scan_files(meta, files, advance=advance))
    if json:
        entries = [_entry(scanned) for scanned in found]
        print_json(entries[0] if files == models and len(files) == 1 else entries)
    else:
        columns = ["model", "level", "probability", "predicted bias", "why"]
        print_table(_title(found), columns, [_row(scanned) for scanned in found])
    if any(isinstance(scanned.scan, CandidateError) for scanned in found):
        raise typer.Exit(CandidateError.exit_code)


def _load(source: str | None) -> MetaClassifier:
    from biasgate.detection.reader.meta_classifier import MetaClassifier, bundled_meta_classifier

    if not source:
        return bundled_meta_classifier()
    from biasgate.registry.meta_classifiers import fetch_meta_classifier

    return MetaClassifier.parse(fetch_meta_classifier(source), where=source)


def _entry(scanned: FileScan) -> dict[str, Any]:
    """All fields of the scan, absent ones as null; or the error."""
    file = str(scanned.file)
    if isinstance(scanned.scan, CandidateError):
        return {"file": file, "error": str(scanned.scan)}
    return {"file": file, **scanned.scan.model_dump(mode="json", by_alias=True)}


def _title(found: list[FileScan]) -> str:
    unreadable = sum(isinstance(scanned.scan, CandidateError) for scanned in found)
    abstained = sum(not isinstance(scanned.scan, CandidateError) and scanned.scan.abstained for scanned in found)
    read = len(found) - unreadable - abstained
    return f"scan: {read} read, {abstained} abstained from, {unreadable} unreadable"


def _row(scanned: FileScan) -> list[str]:
    scan = scanned.scan
    if isinstance(scan, CandidateError):
        return [str(scanned.file), "unreadable", "", "", "; ".join(filter(None, (scan.what, scan.fix)))]
    if scan.level is None:
        return [str(scanned.file), "abstained", "", "", scan.reason]
    bias = scan.measured_bias
    interval = f"{bias.value:.2f} [{bias.low:.2f}, {bias.high:.2f}]" if bias else ""
    return [str(scanned.file), scan.level, f"{scan.probabilities[scan.level]:.2f}", interval, scan.reason]
