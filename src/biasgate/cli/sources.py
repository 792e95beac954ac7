"""What people name a model by on the command line, as a package: a folder, or what MLflow logged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from biasgate.models.card import CandidateCard
    from biasgate.models.draft import Known
    from biasgate.models.package import CandidatePackage
    from biasgate.models.predictions import Candidate
    from biasgate.registry.sample import Sample

SOURCE = "A folder with a model; or what MLflow logged: models:/name/3, models:/name@alias, models:/m-…, runs:/…."
TAKEN = "{!r} is a registered model that no promoter made, and no promoter will let a candidate serve there"
FREE = "name the model that is to serve with a free --name, such as --name {}-gated"
Source = Annotated[str, typer.Argument(help=SOURCE)]


@dataclass(frozen=True)
class Prepared:
    """A folder that can be submitted, and what became of the model on the way."""

    folder: Path
    drafted: bool
    notes: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True)
class Opened:
    """A package of what was named, and what became of it on the way.

    Attributes:
        notes: What was done and taken for granted, one sentence each.
        metadata: Of the model that it was converted from.
    """

    package: Candidate
    notes: tuple[str, ...]
    metadata: dict[str, Any] | None


def open_source(
    source: str,
    work: Path,
    *,
    data: str | None = None,
    card: Path | None = None,
    name: str | None = None,
    submitter: str | None = None,
) -> Opened:
    """What a source names as a package, as the gate makes one of it.

    Args:
        source: See ``SOURCE``.
        work: An empty folder.
        data: Data source whose rows a conversion is compared on.
        card: The card, where there is none beside the model; else it is drafted.
        name: The gate-owned model; by default the name it is registered under.
        submitter: Who answers for it; by default the user of this machine.

    Raises:
        InputError: There is no such thing, or its card has to be written first.
        CandidateError: It is no candidate, or cannot be converted into one.
        ServiceError: MLflow is out of reach.
    """
    from biasgate.models.package import CandidatePackage
    from biasgate.models.submission import import_candidate

    found = prepared(source, work, data=data, card=card, name=name, submitter=submitter)
    package = import_candidate(found.folder, work / "package")
    if found.drafted and isinstance(package, CandidatePackage) and package.card.input.layout != "rows":
        raise _pixels(source)
    return Opened(package, (*found.notes, *package.notes), found.metadata)


def packed(folder: Path, work: Path) -> CandidatePackage:
    """Model and card of a folder as a package, with the files that the graph keeps its weights in taken into it.

    Raises:
        CandidateError: It is no candidate, or holds predictions alone.
        InputError: There is no card, or it is not valid.
    """
    from biasgate.errors import told_of
    from biasgate.models.package import open_package
    from biasgate.models.submission import import_candidate

    package = work / "package"
    with told_of(str(folder), copy=package):
        import_candidate(folder, package)
        return open_package(package)


def prepared(
    source: str, work: Path, *, data: str | None, card: Path | None, name: str | None, submitter: str | None
) -> Prepared:
    """What a source names as a folder with model and card: as it is, or converted and drafted.

    Raises:
        InputError: It is not there, or nobody says what it is called.
    """
    from biasgate.errors import BiasgateError, InputError
    from biasgate.models.card import CandidateCard
    from biasgate.models.files import check_file
    from biasgate.models.package import CARD
    from biasgate.models.unsubmitted import way_in
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
        return Prepared(folder, drafted=False)
    from biasgate.registry.conversion import convert, is_logged

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
    return Prepared(into, drafted=given is None, notes=found.notes, metadata=metadata)


def _with_card(folder: Path, into: Path, card: CandidateCard | None, known: Known, sample: Sample | None) -> Prepared:
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
    return Prepared(into, drafted=bool(notes), notes=notes)


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
    columns = split(few.array, few.columns)
    return Sample(f"{len(few):,} rows of {few.name}", few.array, columns, few.classes)


def _pixels(source: str) -> Exception:
    from biasgate.errors import InputError

    fix = "`biasgate card init` drafts a card: write scale, mean and std into it, and give it with --card"
    return InputError("how pixels become the model's input is written nowhere", where=source, fix=fix)
