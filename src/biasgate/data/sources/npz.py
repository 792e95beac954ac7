"""Whole data sets in one ``.npz`` file, so that they can travel; never pickled."""

from __future__ import annotations

import io
import zlib
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.checks import checked
from biasgate.data.columns import Column
from biasgate.data.dataset import Dataset
from biasgate.data.files import File
from biasgate.data.kind import SourceKind
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.storage import store

_PREFIX = "attribute:"
_REQUIRED = {"samples", "labels", "classes", "units"}
_OPTIONAL = {"name", "weights", "clusters_declared", "about"}
MAX_BYTES = 4 * 2**30
"""Most bytes of the arrays together, as they lie in memory."""


class _About(Document):
    """What is known of a set and is no part of its digest; see ``Dataset``."""

    dropped: dict[str, int] = {}
    pooled: dict[str, dict[str, dict[str, int]]] = {}
    notes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    collected: date | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        return cls(**{name: getattr(dataset, name) for name in cls.model_fields})

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in type(self).model_fields}


class NpzFile(SourceKind):
    """A data set that ``save_npz`` wrote. A path or URI that ends in ``.npz`` is the short form.

    Attributes:
        file: The data set.
    """

    kind: Literal["npz"] = "npz"
    file: File

    def load(self, folder: Path) -> Dataset:
        """All of the file; see ``SourceKind.load``."""
        return load_npz(str(self.file.fetch(folder)))

    @classmethod
    def short_for(cls, uri: str) -> Self | None:
        """A path or URI that ends in ``.npz``."""
        return cls(file=File(uri=uri)) if uri.endswith(".npz") else None


def save_npz(dataset: Dataset, uri: str) -> None:
    """Publishes a data set as one file; ``load_npz`` gives back a set with the same digest.

    Arrays: ``samples``, ``labels``, ``classes``, ``units``, ``name``, ``attribute:<name>`` for each attribute,
    ``weights`` when the set has them, ``clusters_declared`` when they are, and ``about``: what the source left out,
    pooled and said, in JSON.
    """
    attributes = {_PREFIX + str(name): dataset.attribute(str(name)) for name in dataset.attributes}
    more = {} if dataset.weights is None else {"weights": dataset.weights}
    if dataset.clusters_declared:
        more["clusters_declared"] = np.array(True)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        samples=dataset.samples,
        labels=dataset.labels,
        classes=np.array(dataset.classes, dtype=str),
        units=dataset.clusters,
        name=np.array(dataset.name, dtype=str),
        about=np.array(_About.of(dataset).to_json().decode()),
        allow_pickle=False,
        **attributes,
        **more,
    )
    store.write_bytes(uri, buffer.getvalue())


def load_npz(uri: str) -> Dataset:
    """Reads what ``save_npz`` wrote; ``name``, ``about``, weights and attributes are optional.

    Raises:
        InputError: The file is absent, no ``.npz``, lacks an array, or holds what no data set may hold.
    """
    arrays = _arrays(uri)
    missing = _REQUIRED - arrays.keys()
    if missing:
        raise InputError(f"lacks {', '.join(sorted(missing))}", where=uri, fix="write it with biasgate's save_npz")
    if any(arrays[name].ndim == 0 for name in _REQUIRED) or any(
        arrays[name].ndim != 1 for name in ("units", "classes")
    ):
        raise InputError("an array has the wrong number of axes", where=uri, fix="write it with biasgate's save_npz")
    for name in ("labels", "units"):
        if not np.issubdtype(arrays[name].dtype, np.integer):
            raise InputError(f"{name} are {arrays[name].dtype}, not integers", where=uri, fix=f"number the {name}")
    attributes = {key.removeprefix(_PREFIX): value for key, value in arrays.items() if key.startswith(_PREFIX)}
    weights = arrays.get("weights")
    per_row = [*attributes.values(), *([] if weights is None else [weights])]
    if any(value.shape != arrays["units"].shape for value in per_row):
        raise InputError("attributes, weights and units differ in shape", where=uri)
    if weights is not None and weights.dtype.kind not in "iuf":
        raise InputError(f"weights are {weights.dtype}, not numbers", where=uri)
    about = _About.parse_json(str(arrays["about"]), where=uri) if "about" in arrays else _About()
    return checked(
        Dataset(
            samples=arrays["samples"],
            labels=arrays["labels"].astype(np.int64),
            classes=tuple(arrays["classes"].astype(str).tolist()),
            attributes=pd.DataFrame(attributes, index=range(len(arrays["units"])), dtype=str),
            clusters=arrays["units"].astype(np.int64),
            name=str(arrays.get("name", uri)),
            weights=None if weights is None else weights.astype(np.float64),
            clusters_declared=bool(np.any(arrays.get("clusters_declared", False))),
            **about.fields(),
        )
    )


def _arrays(uri: str) -> dict[str, NDArray[Any]]:
    """The arrays that a data set has, none of them pickled; others are not read."""
    data = store.read_bytes(uri, limit=MAX_BYTES)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as packed:
            names = [name for name in packed.files if name in _REQUIRED | _OPTIONAL or name.startswith(_PREFIX)]
            size = sum(packed.zip.getinfo(f"{name}.npy").file_size for name in names)
            if size > MAX_BYTES:
                raise InputError(f"unpacks to {size:,} bytes, more than the {MAX_BYTES:,} allowed", where=uri)
            return {name: packed[name] for name in names}
    except (ValueError, KeyError, BadZipFile, EOFError, OSError, TypeError, MemoryError, zlib.error) as error:
        raise InputError("no .npz file of plain arrays", where=uri, fix="write it with biasgate's save_npz") from error
