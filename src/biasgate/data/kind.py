"""What a kind of data source is: the class that each file in ``data/sources`` defines."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from biasgate.data.dataset import Dataset
from biasgate.documents import Document

Columns = tuple[str, ...]
ClusterColumn = Annotated[
    str | None, Field(validation_alias=AliasChoices("cluster", "unit"), serialization_alias="unit")
]
"""A column whose equal values are one cluster; older documents call it ``unit``."""


def _text(value: Any) -> Any:
    """A number or truth value of a document as the text that names a class."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _two_or_more(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2:
        raise ValueError(f"there are {len(names)} classes, and at least two are needed")
    return _different(names)


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice!r} is named twice")
    return names


Name = Annotated[str, BeforeValidator(_text)]
"""A class or category, which a document may write without quotes."""
Classes = Annotated[tuple[Name, ...], AfterValidator(_two_or_more)]
"""Class names, by index."""
Categories = Annotated[tuple[Name, ...], AfterValidator(_different)]
"""The values of a category, in order."""
Side = Annotated[int, Field(ge=16, le=512)]
"""Height and width in pixels."""


class SourceKind(Document):
    """What a document says of one kind of source, and how that is loaded.

    A subclass has a field ``kind``, the literal by which documents name it, and those that say what to load.
    """

    @abstractmethod
    def load(self, folder: Path) -> Dataset:
        """All of the data set.

        Args:
            folder: An empty folder, which takes copies of remote files and is deleted afterwards.

        Raises:
            InputError: A file is absent, damaged, or not what the document says.
            ServiceError: S3 is out of reach.
        """

    @classmethod
    def short_for(cls, uri: str) -> Self | None:
        """The source that a bare name or URI stands for, where this kind has such a short form."""
        del uri
        return None
