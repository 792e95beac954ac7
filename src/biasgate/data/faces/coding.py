"""Action Unit codings as published: one table, a row a frame, for each set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from biasgate.data.faces.obtaining import required
from biasgate.errors import InputError

_UNCODED = 9


def disfa_coding(root: Path, units: Sequence[int], *, present: int) -> pd.DataFrame:
    """DISFA: ``ActionUnit_Labels/SN001/SN001_au1.txt`` and the like, a frame's number and an intensity 0 to 5 a line.

    Args:
        root: Holds ``ActionUnit_Labels``.
        units: Numbers of Action Units.
        present: Intensity from which a unit counts as present.

    Returns:
        Columns ``subject``, ``folder`` (of the frames), ``frame``, and 0 or 1 for each unit, named by its number.

    Raises:
        InputError: A file is absent or not in its published form.
    """
    labels, tables = required(root, "ActionUnit_Labels", of="DISFA"), list[pd.DataFrame]()
    for subject in sorted(path.name for path in labels.iterdir() if path.is_dir()):
        files = {unit: required(labels, f"{subject}/{subject}_au{unit}.txt", of="DISFA") for unit in units}
        codes = {unit: _intensities(path) for unit, path in files.items()}
        table = (pd.DataFrame(codes) >= present).astype(int).rename_axis("frame").reset_index()
        if len(table) != min(map(len, codes.values())):
            raise InputError(
                "the units' files have different frames", where=str(labels / subject), fix="fetch them again"
            )
        tables.append(table.assign(subject=subject, folder=f"frames/{subject}"))
    return _all(tables, where=labels)


def bp4d_coding(root: Path, units: Sequence[int]) -> pd.DataFrame:
    """BP4D: ``AUCoding/AU_OCC/F001_T1.csv`` and the like, unit numbers, then a frame's and 0, 1 or 9 for each.

    Frames in which a unit is uncoded (9) are left out. Arguments, result and errors are as for ``disfa_coding``.
    """
    folder, tables = required(root, "AU_OCC", of="BP4D", folders=("AUCoding",)), list[pd.DataFrame]()
    for path in sorted(folder.glob("*_*.csv")):
        table = _whole_numbers(path, header=0)
        codes = table.iloc[:, 1:].rename(columns={str(unit): unit for unit in units})
        missing = [unit for unit in units if unit not in codes]
        if missing:
            raise InputError(f"AU{missing[0]} is not coded", where=str(path), fix="ask for units that it codes")
        subject, task = path.stem.split("_", maxsplit=1)
        if not codes[list(units)].isin((0, 1, _UNCODED)).to_numpy().all():
            raise InputError("a code is none of 0, 1 and 9", where=str(path), fix="fetch the file again")
        kept = codes[list(units)].assign(frame=table.iloc[:, 0], subject=subject, folder=f"2D+3D/{subject}/{task}")
        tables.append(kept[(codes[list(units)] != _UNCODED).all(axis=1)])
    return _all(tables, where=folder)


def _intensities(path: Path) -> pd.Series:
    """A unit's intensity by frame."""
    table = _whole_numbers(path, header=None)
    if table.shape[1] != 2 or not set(table[1]) <= set(range(6)):
        raise InputError("no frames with an intensity of 0 to 5", where=str(path), fix="fetch the file again")
    return pd.Series(table[1].to_numpy(), index=table[0].to_numpy())


def _whole_numbers(path: Path, *, header: int | None) -> pd.DataFrame:
    """A CSV file of whole numbers."""
    try:
        cells = pd.read_csv(path, header=header, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise InputError("no table of whole numbers", where=str(path), fix="fetch the file again") from error
    if not all(cells[column].str.fullmatch(r"\s*[0-9]+\s*").all() for column in cells):
        raise InputError("no table of whole numbers", where=str(path), fix="fetch the file again")
    return cells.astype(int)


def _all(tables: list[pd.DataFrame], *, where: Path) -> pd.DataFrame:
    """The subjects' tables in one."""
    if not tables:
        raise InputError("holds no coded subject", where=str(where), fix="check the folder")
    return pd.concat(tables, ignore_index=True)
