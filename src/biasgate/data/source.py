"""``DataSource``, the document: where a data set lies, which role of it is wanted, what bias to plant in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from weakref import finalize

from pydantic import Field, field_validator

from biasgate.data.dataset import Dataset
from biasgate.data.described import DescribedByTable
from biasgate.data.kind import SourceKind
from biasgate.data.planting import SharePlanting, SigmaPlanting, TwinsPlanting
from biasgate.data.splits import Role, role
from biasgate.data.stored import StoredPictures
from biasgate.discovery import defined_in, one_of
from biasgate.documents import Document
from biasgate.errors import BiasgateError, InputError, TrustError
from biasgate.storage.sources import is_text, source_text

KINDS = defined_in("biasgate.data.sources", SourceKind)
NAMES = sorted(str(kind.model_fields["kind"].default) for kind in KINDS)
MEANT = {
    "predictions": "`kind: truth` says what is true of each row; `biasgate evaluate --predictions` names their table",
    **dict.fromkeys(("parquet", "table", "tsv"), "`kind: csv` reads Parquet and other separators too"),
    **dict.fromkeys(("images", "image_folder"), "`kind: folder` reads images that a table lists"),
}
"""Words that people try, and what is meant."""

if TYPE_CHECKING:
    AnySource = SourceKind
else:
    AnySource = one_of(KINDS)


class DataSource(Document):
    """A data set as a document.

    Attributes:
        name: For people; appears in reports.
        data: Where it lies.
        role: Keep only this role's clusters; see ``splits.role``.
        planting: Bias to plant afterwards; grey images only.
        collected: When the last of it was gathered: rules of freshness ask for it.
    """

    schema_: Literal["biasgate/data-source/v1"] = Field(default="biasgate/data-source/v1", alias="schema")
    name: str
    data: AnySource
    role: Role | None = None
    planting: Annotated[SharePlanting | SigmaPlanting | TwinsPlanting, Field(discriminator="kind")] | None = None
    collected: date | None = None

    @field_validator("data", mode="before")
    @classmethod
    def _known_kind(cls, data: Any) -> Any:
        kind = cast(Mapping[str, Any], data).get("kind") if isinstance(data, Mapping) else NAMES[0]
        if kind in NAMES:
            return data
        what = "no kind is named" if kind is None else f"there is no kind {str(kind)[:40]!r}"
        hint = f"; {MEANT[str(kind)]}" if str(kind) in MEANT else ""
        raise ValueError(f"{what}: write one of {', '.join(NAMES)}{hint}")


def open_dataset(source: DataSource | str) -> Dataset:
    """The data set that a source describes: loaded, reduced to its role, bias planted.

    Args:
        source: A ``DataSource``; or the text, path or URI of one in YAML, behind which ``#`` and the name of one of its
            labels may stand; or the short form of a kind, such as ``builtin:digits`` or the path or URI of an ``.npz``
            file.

    Raises:
        InputError: A file is absent, damaged, not what its digest says, or not what the source says.
        ServiceError: S3 is out of reach.
    """
    if isinstance(source, str):
        if short := _short(source):
            return _loaded(short)
        where = "the data source given as text" if is_text(source) else source
        source = DataSource.parse(_text(source), where=where)
    dataset = replace(_loaded(source.data), name=source.name, collected=source.collected)
    if source.role:
        dataset = role(dataset, source.role)
    return source.planting.plant(dataset) if source.planting else dataset


def pin(source: str) -> tuple[str, str]:
    """A source as it can be kept elsewhere, and the digest of what it describes at this moment.

    Returns:
        The text of its document, or its short form; and the digest of the data set.

    Raises:
        InputError: See ``open_dataset``.
    """
    text = source if _short(source) else _text(source).rstrip("\n") + "\n"
    return text, open_dataset(text).digest


def open_pinned(source: str, *, digest: str) -> Dataset:
    """The data set that a source describes, which must still be the one that was pinned.

    Raises:
        TrustError: Its content has another digest.
        InputError: See ``open_dataset``.
    """
    dataset = open_dataset(source)
    if dataset.digest != digest:
        what = f"the content of the data has the digest {dataset.digest}, not the declared {digest}"
        fix = "restore the data, or have its owner declare it with `biasgate gate declare`"
        raise TrustError(what, where=dataset.name, fix=fix)
    return dataset


def _short(source: str) -> SourceKind | None:
    """The source that a bare name or URI stands for."""
    found = (kind.short_for(source) for kind in KINDS) if not is_text(source) else ()
    return next(filter(None, found), None)


def _text(source: str) -> str:
    """The document given, or at a path or URI; of one of its labels where ``#`` and its name stand behind the path."""
    uri, _, label = source.partition("#")
    if is_text(source) or not label:
        return source_text(source)
    read = DataSource.parse(source_text(uri), where=uri)
    if not isinstance(read.data, DescribedByTable) or label not in (read.data.labels or {}):
        known = read.data.labels if isinstance(read.data, DescribedByTable) else None
        fix = f"choose one of {', '.join(known)}" if known else "leave out #, or declare several under `labels`"
        raise InputError(f"the source has no label {label!r} to choose", where=uri, fix=fix)
    chosen = read.data.model_copy(update={"label": label})
    return read.model_copy(update={"data": chosen}).to_json().decode()


def _loaded(data: SourceKind) -> Dataset:
    """What the source describes; pictures that stay in copies of remote files keep these as long as they are there."""
    folder = mkdtemp(prefix="biasgate-")
    keeper: object = None
    try:
        dataset = data.load(Path(folder))
        keeper = dataset.samples.files if isinstance(dataset.samples, StoredPictures) else None
    except BiasgateError as error:
        raise _of_the_source(error, folder) from error
    finally:
        if keeper is None:
            rmtree(folder)
        else:
            finalize(keeper, rmtree, folder, ignore_errors=True)
    return dataset


def _of_the_source(error: BiasgateError, folder: str) -> BiasgateError:
    """The same error, with paths as they are within the source rather than its copy."""
    what, where = (text and text.replace(f"{folder}/", "") for text in (error.what, error.where))
    return type(error)(str(what), where=where, fix=error.fix)
