"""``biasgate submit``, ``biasgate card …``: what people have becomes a candidate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.cli.sources import TAKEN, Source, open_source, prepared
from biasgate.report.terminal import Json, print_json, say

if TYPE_CHECKING:
    from biasgate.models.predictions import Candidate

app = typer.Typer()
cards = typer.Typer(help="A candidate's card: what goes in, what comes out.", no_args_is_help=True)
Data = Annotated[str | None, typer.Option(help="Data source whose rows a model is tried on, not the gate's own.")]
Name = Annotated[str | None, typer.Option(help="The gate-owned model that is to serve: a name that is free.")]
Submitter = Annotated[str | None, typer.Option(help="Who answers for it; by default the user of this machine.")]


@app.command()
def submit(
    source: Source,
    *,
    data: Data = None,
    card: Annotated[Path | None, typer.Option(help="The card; without it, it is drafted.")] = None,
    name: Name = None,
    submitter: Submitter = None,
    json: Json = False,
) -> None:
    """Register a model as a candidate. What MLflow logged is converted to ONNX here, and compared with the original.

    Loading a logged model runs what it brings, as MLflow does: submit your own. The gate runs the graph alone.
    """
    from tempfile import TemporaryDirectory

    from biasgate.registry.models import submit_candidate
    from biasgate.registry.ownership import is_taken

    with TemporaryDirectory() as work:
        found = open_source(source, Path(work), data=data, card=card, name=name, submitter=submitter)
        package, own = found.package, found.package.card.name
        _check_agreement(package, name=name, submitter=submitter)
        notes = [*found.notes, *([TAKEN.format(own)] if is_taken(own) else [])]
        if not json:
            say(*notes)
        submitted = submit_candidate(package, name=own, metadata=found.metadata)
    print_json({"source": submitted, "digest": package.digest, "notes": notes}) if json else say(submitted)


@cards.command("init")
def init(
    source: Source,
    *,
    data: Data = None,
    name: Name = None,
    submitter: Submitter = None,
    into: Annotated[Path, typer.Option(help="File that gets the draft.")] = Path("card.json"),
    json: Json = False,
) -> None:
    """Draft a model's card from its graph, what MLflow knows of it, and a data source. Read it, correct it."""
    from tempfile import TemporaryDirectory

    from biasgate.errors import InputError
    from biasgate.foreign_text import json_text
    from biasgate.models.package import CARD, read_card

    if into.exists():
        raise InputError("the file exists already", where=str(into), fix="edit it, or name another with --into")
    with TemporaryDirectory() as work:
        found = prepared(source, Path(work), data=data, card=None, name=name, submitter=submitter)
        if not found.drafted:
            raise InputError("it has a card already", where=str(found.folder / CARD), fix="edit that one")
        drafted = read_card(found.folder)
    into.write_text(json_text(drafted.model_dump(mode="json", by_alias=True, exclude_none=True), indent=2) + "\n")
    if json:
        print_json({"path": str(into), "card": drafted.model_dump(mode="json", by_alias=True), "notes": [*found.notes]})
    else:
        say(*found.notes, f"{into}: read it, then `biasgate card check` with the model's folder")


@cards.command("check")
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with card.json and the model.")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Check that a card and its model fit each other, and with --data that the model takes those rows and answers.

    Exit 0 where they do, else 3 with what does not fit.
    """
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_dataset
    from biasgate.evaluation.inspect import inspect
    from biasgate.models.submission import import_candidate

    with TemporaryDirectory() as work:
        package = import_candidate(folder, Path(work) / "package")
        inspect(package, open_dataset(data) if data else None)
    tried = f"runs on rows of {data}" if data else "was not run: give --data to try it"
    said = [*package.notes, f"{package.card.name}: card and model fit each other; it {tried}"]
    print_json({"digest": package.digest, "notes": said}) if json else say(*said)


def _check_agreement(candidate: Candidate, **asked: str | None) -> None:
    """Refuses an option that says otherwise than the card, which is what counts.

    Raises:
        InputError: One does.
    """
    from biasgate.errors import InputError

    for option, value in asked.items():
        if value is not None and value != (said := getattr(candidate.card, option)):
            what = f"the card says {option} {said!r}, and --{option} says {value!r}"
            raise InputError(what, where=candidate.card.name, fix=f"leave out --{option}, or correct the card")
