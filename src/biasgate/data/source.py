"""``DataSource``, the document: where a data set lies, which role of it is wanted, what bias to plant in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal, Union

from pydantic import Field

from biasgate.data.dataset import Dataset
from biasgate.data.kind import SourceKind
from biasgate.data.planting import SharePlanting, SigmaPlanting, TwinsPlanting
from biasgate.data.splits import Role, role
from biasgate.discovery import defined_in
from biasgate.documents import Document
from biasgate.storage import store

KINDS = defined_in("biasgate.data.sources", SourceKind)

if TYPE_CHECKING:
    AnySource = SourceKind
else:
    AnySource = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007


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


def open_dataset(source: DataSource | str) -> Dataset:
    """The data set that a source describes: loaded, reduced to its role, bias planted.

    Args:
        source: A ``DataSource``; or the path or URI of one in YAML; or the short form of a kind, such as
            ``builtin:digits`` or the path or URI of an ``.npz`` file.

    Raises:
        InputError: A file is absent, damaged, not what its digest says, or not what the source says.
        ServiceError: S3 is out of reach.
    """
    if isinstance(source, str):
        if short := next((found for kind in KINDS if (found := kind.short_for(source))), None):
            return _loaded(short)
        source = DataSource.parse(store.read_bytes(source, limit=2**20), where=source)
    dataset = replace(_loaded(source.data), name=source.name, collected=source.collected)
    if source.role:
        dataset = role(dataset, source.role)
    return source.planting.plant(dataset) if source.planting else dataset


def _loaded(data: SourceKind) -> Dataset:
    with TemporaryDirectory(prefix="biasgate-") as folder:
        return data.load(Path(folder))
