"""A first draft of a data source, from one look at a table: what was learned is written down, and then fixed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from biasgate.data.files import TabularFile
from biasgate.data.pictures import SUFFIXES
from biasgate.data.source import DataSource
from biasgate.data.tables.profile import Profile, profiles
from biasgate.data.tables.treat import proposed_edges
from biasgate.errors import InputError
from biasgate.extras import needs

LABELS = {"label", "target", "class", "outcome", "y", "income", "approved", "default", "decision"}
PERSONAL = {
    "sex",
    "gender",
    "race",
    "ethnicity",
    "ethnic",
    "age",
    "religion",
    "disability",
    "nationality",
    "marital",
    "skin",
}
PERSONS = {"id", "person", "patient", "subject", "user", "customer", "client", "household", "identity"}
WEIGHTS = {"weight", "weights", "fnlwgt", "wt"}
CATEGORIES = 50
"""A column of text with more values is no category in the draft."""
GROUPS = 20
"""An attribute of numbers with more values is put in bins."""


@dataclass(frozen=True)
class _Roles:
    """What each column is taken for."""

    label: Profile
    attributes: list[Profile]
    features: list[Profile]
    clusters: list[Profile]
    weights: list[Profile]
    lists: list[Profile]
    left: list[Profile]
    pictures: Profile | None


def draft(file: TabularFile, *, label: str | None = None) -> str:
    """A data source in YAML for a table of features, or of pictures when a column names files that are there.

    Classes, categories, attributes, numbers and empty cells are what the table holds at this moment. What a table
    cannot say, such as which rows are of one person, is a comment.

    Args:
        file: A local table or folder.
        label: Column of class names; by default one that is called so, or else the last that has two values.

    Raises:
        InputError: The table cannot be read, or no column can be told to be the label.
    """
    path = Path(file.uri)
    if not path.exists():
        raise InputError("the file is not there", where=file.uri, fix="check the path")
    found = _roles(profiles(path, file.layout()), label, where=file.uri)
    lines = "\n".join(_lines(file, found, path)) + "\n"
    DataSource.parse(lines, where="the draft")
    return lines


def _roles(columns: Sequence[Profile], label: str | None, *, where: str) -> _Roles:
    chosen = _label(columns, label, where=where)
    rest = [one for one in columns if one is not chosen]
    readable = [one for one in rest if not one.fault and one.values]
    pictures = next((one for one in readable if _names_pictures(one)), None)
    readable = [one for one in readable if one is not pictures]
    attributes = [one for one in readable if _words(one) & PERSONAL]
    weights = [one for one in readable if _words(one) & WEIGHTS and one.numeric]
    clusters = [one for one in readable if _words(one) & PERSONS and one not in attributes]
    others = [one for one in readable if one not in (*attributes, *weights, *clusters)]
    features = [one for one in others if one.numeric or len(one.values) <= CATEGORIES]
    lists = [one for one in rest if len(one.lengths) == 1 and min(one.lengths) > 1]
    used = (*features, *attributes, *weights, *clusters, *lists)
    left = [one for one in rest if one is not pictures and one not in used]
    return _Roles(chosen, attributes, features, clusters, weights, lists, left, pictures)


def _label(columns: Sequence[Profile], label: str | None, *, where: str) -> Profile:
    if label is not None:
        if found := next((one for one in columns if one.name == label), None):
            return found
        names = ", ".join(one.name for one in columns)
        raise InputError(f"no column {label!r}", where=where, fix=f"it has {names}")
    classes = [one for one in columns if 2 <= len(one.values) <= CATEGORIES and not _words(one) & PERSONAL]
    named = [one for one in classes if _words(one) & LABELS]
    two = [one for one in reversed(classes) if len(one.values) == 2]
    if not (named or two):
        raise InputError("no column can be told to be the label", where=where, fix="name it with --label")
    return (named or two)[0]


def _lines(file: TabularFile, found: _Roles, path: Path) -> Iterator[str]:
    yield "schema: biasgate/data-source/v1"
    yield f"name: {_quoted(path.stem)}"
    yield "data:"
    yield from _place(file, found, path)
    yield f"  label: {_quoted(found.label.name)}"
    yield f"  classes: {_list(_sorted(found.label))}   # in this order; of two, the second counts as positive"
    if not found.pictures:
        yield from _features(found)
    unnamed = "" if found.attributes else "   # name the columns that a decision should not depend on"
    yield f"  attributes: {_list(one.name for one in found.attributes)}{unnamed}"
    if binned := {one.name: proposed_edges(list(one.values)) for one in found.attributes if _is_many(one)}:
        yield f"  bins: {_mapping({name: json.dumps(edges) for name, edges in binned.items() if edges})}"
    yield from _missing(found)
    for one in found.clusters:
        yield f"  # cluster: {_quoted(one.name)}   # {len(one.values):,} values: if rows of one value are of one person"
    for one in found.weights:
        yield f"  # weights: {_quoted(one.name)}   # if it says how many of the population a row stands for"
    for one in found.left:
        yield f"  # left out: {one.name} ({one.fault or _extent(one)})"


def _place(file: TabularFile, found: _Roles, path: Path) -> Iterator[str]:
    written = _mapping({name: _quoted(value) for name, value in file.model_dump(exclude_none=True).items()})
    if not found.pictures:
        yield "  kind: csv"
        yield f"  file: {written}"
        return
    folder, size, channels = _pictures(found.pictures, path)
    yield "  kind: folder"
    yield f"  folder: {_quoted(str(folder))}"
    yield f"  table: {written}"
    yield f"  size: {json.dumps(size)}   # of the first image"
    yield f"  channels: {channels}"
    yield f"  file: {_quoted(found.pictures.name)}"


def _features(found: _Roles) -> Iterator[str]:
    """The model's input; attributes are no part of it as long as there is anything else."""
    features = found.features or ([] if found.lists else found.attributes)
    yield "  # the model's input, in this order; attributes are left out of it: add those that the model takes"
    yield f"  numeric: {_list(one.name for one in features if one.numeric)}"
    categorical = {one.name: _list(_sorted(one)) for one in features if not one.numeric}
    yield "  categorical:" + ("" if categorical else " {}")
    for name, values in categorical.items():
        yield f"    {_quoted(name)}: {values}"
    if found.lists:
        yield f"  lists: {_mapping({one.name: str(*one.lengths) for one in found.lists})}"


def _missing(found: _Roles) -> Iterator[str]:
    features = [] if found.pictures else (found.features or ([] if found.lists else found.attributes))
    lacking = [one for one in (found.label, *features, *found.attributes) if one.missing]
    treated = {one.name: "unknown" if one in found.attributes and one not in features else "drop" for one in lacking}
    if treated:
        empty = {one.name: one.missing for one in lacking}
        counts = ", ".join(f"{rows:,} {'row' if rows == 1 else 'rows'} of {name}" for name, rows in empty.items())
        yield f"  missing: {_mapping(treated)}   # empty: {counts}"


def _pictures(column: Profile, path: Path) -> tuple[Path, list[int], int]:
    """Where the pictures lie that a column names, and height, width and channels of the first."""
    needs("PIL")
    from PIL import Image, UnidentifiedImageError

    root, entry = path if path.is_dir() else path.parent, next(iter(column.values))
    folders = [root, *sorted(one for one in root.iterdir() if one.is_dir())]
    folder = next((one for one in folders if (one / entry).is_file()), None)
    if folder is None:
        raise InputError(f"no folder holds {entry}, which {column.name!r} names", where=str(path), fix="move the table")
    try:
        with Image.open(folder / entry) as picture:
            return folder, [picture.height, picture.width], 1 if picture.mode in ("1", "L", "I;16") else 3
    except (OSError, UnidentifiedImageError) as error:
        raise InputError("no image of a known format", where=str(folder / entry), fix="check the file") from error


def _names_pictures(column: Profile) -> bool:
    return all(value.lower().endswith(SUFFIXES) for value in column.values)


def _words(column: Profile) -> set[str]:
    """The words of a column's name."""
    return set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.name).lower()))


def _is_many(column: Profile) -> bool:
    return column.numeric and len(column.values) > GROUPS


def _extent(column: Profile) -> str:
    return f"{len(column.values):,} values, no number" if column.values else "no values"


def _sorted(column: Profile) -> list[str]:
    return sorted(column.values, key=float) if column.numeric else sorted(column.values)


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_][\w./-]*", text) else json.dumps(text, ensure_ascii=False)


def _list(values: Iterator[str] | Sequence[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _mapping(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_quoted(name)}: {value}" for name, value in values.items()) + "}"
