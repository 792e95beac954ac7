"""``biasgate submit``, ``biasgate card …``: what people have becomes a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.report.terminal import Json, print_json, say

if TYPE_CHECKING:
    from biasgate.models.card import CandidateCard
    from biasgate.models.draft import Known
    from biasgate.registry.sample import Sample

app = typer.Typer()
cards = typer.Typer(help="A candidate's card: what goes in, what comes out.", no_args_is_help=True)
SOURCE = "A folder with a model; or what MLflow logged: models:/name/3, models:/name@alias, models:/m-…, runs:/…."
TAKEN = "{!r} is a registered model that no promoter made, and no promoter will let a candidate serve there"
FREE = "name the model that is to serve with a free --name, such as --name {}-gated"
Source = Annotated[str, typer.Argument(help=SOURCE)]
Data = Annotated[str | None, typer.Option(help="Data source whose rows a model is tried on, not the gate's own.")]
Name = Annotated[str | None, typer.Option(help="The gate-owned model that is to serve: a name that is free.")]
Submitter = Annotated[str | None, typer.Option(help="Who answers for it; by default the user of this machine.")]


@dataclass(frozen=True)
class _Prepared:
    """A folder that can be submitted, and what became of the model on the way."""

    folder: Path
    drafted: bool
    notes: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None


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

    from biasgate.models.package import CandidatePackage
    from biasgate.models.submission import import_candidate
    from biasgate.registry.models import submit_candidate
    from biasgate.registry.ownership import is_taken

    with TemporaryDirectory() as work:
        found = _prepared(source, Path(work), data=data, card=card, name=name, submitter=submitter)
        package = import_candidate(found.folder, Path(work) / "package")
        if found.drafted and isinstance(package, CandidatePackage) and package.card.input.layout != "rows":
            raise _pixels(source)
        own = package.card.name
        notes = [*found.notes, *package.notes, *([TAKEN.format(own)] if is_taken(own) else [])]
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
        found = _prepared(source, Path(work), data=data, card=None, name=name, submitter=submitter)
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


def _prepared(
    source: str, work: Path, *, data: str | None, card: Path | None, name: str | None, submitter: str | None
) -> _Prepared:
    """What a source names as a folder with model and card: as it is, or converted and drafted.

    Raises:
        InputError: It is not there, or nobody says what it is called.
    """
    from biasgate.errors import BiasgateError, InputError
    from biasgate.models.card import CandidateCard
    from biasgate.models.files import check_file
    from biasgate.models.package import CARD
    from biasgate.models.unsubmitted import way_in
    from biasgate.registry.conversion import convert, is_logged
    from biasgate.registry.originals import download_original, is_uri

    folder = download_original(source, work / "original") if is_uri(source) else Path(source)
    if card and (folder / CARD).exists():
        raise InputError(
            "it has a card already", where=str(folder / CARD), fix="correct that one, and leave out --card"
        )
    if not folder.is_dir():
        what = "it is a file, and no folder" if folder.exists() else "there is nothing at that path"
        raise InputError(what, where=source, fix=way_in([folder.name] if folder.exists() else []))
    if (folder / CARD).exists():
        return _Prepared(folder, drafted=False)
    given = CandidateCard.parse_json(check_file(card).read_bytes(), where=str(card)) if card else None
    known = _known(source, given, name, submitter)
    into = work / "converted"
    into.mkdir()
    sample = _sample(data)
    try:
        if not is_logged(folder):
            return _with_card(folder, into, given, known, sample)
        found = convert(folder, into, known, sample=sample, card=given)
    except BiasgateError as error:
        raise type(error)(error.what, where=source, fix=error.fix) from error
    metadata = {"converted_from": {"source": source, **found.metadata}}
    return _Prepared(into, drafted=given is None, notes=found.notes, metadata=metadata)


def _with_card(folder: Path, into: Path, card: CandidateCard | None, known: Known, sample: Sample | None) -> _Prepared:
    """A folder that holds a graph without a card, with the one that is given or drafted."""
    from dataclasses import replace
    from shutil import copytree

    from biasgate.errors import CandidateError
    from biasgate.models.draft import draft_card
    from biasgate.models.package import CARD, MODEL
    from biasgate.models.unsubmitted import way_in

    if not card and not (folder / MODEL).is_file():
        holds = ", ".join(sorted(entry.name for entry in folder.iterdir())[:10]) or "nothing"
        raise CandidateError(
            f"no card.json, and no {MODEL} to draft one from; it holds {holds}",
            where=str(folder),
            fix=way_in(entry.name for entry in folder.iterdir()),
        )
    copytree(folder, into, dirs_exist_ok=True)
    notes: tuple[str, ...] = ()
    if card is None:
        of_data, stored = (sample.classes, sample.stored) if sample else ((), None)
        card, notes = draft_card(into / MODEL, replace(known, of_data=of_data, stored=stored))
    (into / CARD).write_bytes(card.to_json())
    return _Prepared(into, drafted=bool(notes), notes=notes)


def _known(source: str, card: CandidateCard | None, name: str | None, submitter: str | None) -> Known:
    """What the command line and the source's name say."""
    from getpass import getuser

    from biasgate.errors import InputError
    from biasgate.models.draft import Known
    from biasgate.registry.models import is_name

    called = name or (card.name if card else _free_name(source))
    if called is None or not is_name(called):
        what = "nothing says which model it wants to become a version of" if called is None else "no name of a model"
        raise InputError(what, where=source, fix="name it with --name: letters, digits, '.', '_' and '-'")
    return Known(name=called, submitter=submitter or getuser())


def _free_name(source: str) -> str | None:
    """The name that a source is registered under, where a promoter may let a candidate serve there.

    Raises:
        InputError: None may: it is the owner's own.
    """
    from biasgate.errors import InputError
    from biasgate.registry.originals import registered_name
    from biasgate.registry.ownership import is_taken

    found = registered_name(source)
    if found and is_taken(found):
        raise InputError(TAKEN.format(found), where=source, fix=FREE.format(found))
    return found


def _sample(data: str | None) -> Sample | None:
    """Evenly chosen rows of a data source."""
    if data is None:
        return None
    from biasgate.data.columns import split
    from biasgate.data.source import open_dataset
    from biasgate.registry.conversion import ROWS
    from biasgate.registry.sample import Sample

    dataset = open_dataset(data)
    few = dataset.evenly(ROWS)
    columns = split(few.samples, few.columns)
    return Sample(f"{len(few):,} rows of {few.name}", few.samples, columns, few.classes)


def _pixels(source: str) -> Exception:
    from biasgate.errors import InputError

    fix = "`biasgate card init` drafts a card: write scale, mean and std into it, and give it with --card"
    return InputError("how pixels become the model's input is written nowhere", where=source, fix=fix)
