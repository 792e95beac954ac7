"""``DataSource``, the document: where a data set lies, which role of it is wanted, what bias to plant in it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from biasgate.data.faces.drawn.attributes import Label
from biasgate.data.faces.drawn.correlation import Correlation
from biasgate.data.sources import action_units, celeba, fairface, utkface
from biasgate.data.splits import Role
from biasgate.documents import Document

Columns = tuple[str, ...]
Classes = Annotated[tuple[str, ...], Field(min_length=2)]
Side = Annotated[int, Field(ge=16, le=512)]
Channel = Annotated[float, Field(ge=0, le=1)]


class File(Document):
    """A file, and what it must contain.

    Attributes:
        uri: Local path or ``s3://`` URI.
        sha256: Digest that the file must have; without it any content is taken.
    """

    uri: str
    sha256: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")


class DigitsFiles(Document):
    """The built-in digits."""

    kind: Literal["digits"]


class IdxFiles(Document):
    """Two IDX files, such as MNIST's or Fashion-MNIST's; see ``idx.load_idx``."""

    kind: Literal["idx"]
    images: File
    labels: File
    classes: Classes


class NpzFile(Document):
    """A data set that ``save_npz`` wrote."""

    kind: Literal["npz"]
    file: File


class ImageFolder(Document):
    """Images with a table; see ``folder.load_folder`` for the fields."""

    kind: Literal["folder"]
    folder: str
    table: File
    size: tuple[Annotated[int, Field(gt=0, le=4096)], Annotated[int, Field(gt=0, le=4096)]]
    channels: Literal[1, 3] = 3
    file: str = "file"
    label: str
    classes: Classes
    attributes: Columns = ()
    unit: str | None = None


class TableFile(Document):
    """A table of features; see ``csv.load_csv`` for the fields."""

    kind: Literal["csv"]
    file: File
    label: str
    classes: Classes
    numeric: Columns = ()
    categorical: dict[str, tuple[str, ...]] = {}
    attributes: Columns = ()
    unit: str | None = None


class SyntheticFaces(Document):
    """Drawn faces; see ``synthetic_faces.dataset.synthetic_faces`` for the fields."""

    kind: Literal["synthetic_faces"]
    people: int = Field(gt=0, le=10**6)
    images: int = Field(default=1, gt=0, le=1000)
    size: Side = 64
    label: Label = "action_units"
    seed: int = Field(default=0, ge=0)
    correlations: tuple[Correlation, ...] = ()
    aligned: bool = False


class CelebA(Document):
    """CelebA's files; see ``face_sets.celeba.load_celeba`` for the fields."""

    kind: Literal["celeba"]
    folder: str
    label: str
    attributes: Columns = ()
    partition: celeba.Partition | None = None
    size: Side = 64


class UTKFace(Document):
    """UTKFace's files; see ``face_sets.utkface.load_utkface`` for the fields."""

    kind: Literal["utkface"]
    folder: str
    label: utkface.Label
    size: Side = 64


class FairFace(Document):
    """FairFace's files; see ``face_sets.fairface.load_fairface`` for the fields."""

    kind: Literal["fairface"]
    folder: str
    label: fairface.Label
    partition: fairface.Partition
    size: Side = 64


class ActionUnitFrames(Document):
    """DISFA's or BP4D's files; see ``face_sets.action_units.load_action_units`` for the fields."""

    kind: Literal["action_units"]
    folder: str
    coding: action_units.Coding
    units: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
    present: int = Field(default=2, ge=1, le=5)
    every: int = Field(default=1, ge=1)
    people: File | None = None
    size: Side = 64


class PaletteSeed(Document):
    """A palette drawn from a seed; see ``palette.draw_palette``."""

    seed: int = Field(ge=0)


class _Planting(Document):
    """What all plantings need.

    Attributes:
        palette: The paper's, or RGB in [0, 1] for each class, or a seed to draw one from.
        seed: Of the draws for each image.
    """

    palette: Literal["paper"] | tuple[tuple[Channel, Channel, Channel], ...] | PaletteSeed = "paper"
    seed: int = Field(default=0, ge=0)


class SharePlanting(_Planting):
    """Bias by share; see ``planting.plant_share``."""

    kind: Literal["share"]
    conflicting: float = Field(ge=0, le=1)


class SigmaPlanting(_Planting):
    """Bias by jitter; see ``planting.plant_sigma``."""

    kind: Literal["sigma"]
    variance: float = Field(ge=0)
    independent: bool = False


class TwinsPlanting(_Planting):
    """Each image aligned and conflicting; see ``planting.twins``."""

    kind: Literal["twins"]


Planting = SharePlanting | SigmaPlanting | TwinsPlanting


class DataSource(Document):
    """A data set as a document.

    Attributes:
        name: For people; appears in reports.
        data: Where it lies.
        role: Keep only this role's units; see ``splits.role``.
        planting: Bias to plant afterwards; grey images only.
        collected: When the last of it was gathered: rules of freshness ask for it.
    """

    schema_: Literal["biasgate/data-source/v1"] = Field(default="biasgate/data-source/v1", alias="schema")
    name: str
    data: Annotated[
        DigitsFiles
        | IdxFiles
        | NpzFile
        | ImageFolder
        | TableFile
        | SyntheticFaces
        | CelebA
        | UTKFace
        | FairFace
        | ActionUnitFrames,
        Field(discriminator="kind"),
    ]
    role: Role | None = None
    planting: Annotated[Planting, Field(discriminator="kind")] | None = None
    collected: date | None = None
