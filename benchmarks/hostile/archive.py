"""Archives and pickles that a careless reader opens."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

from hostile.case import CANARY


class Payload:
    """Unpickled by a careless reader, it makes the canary."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def payload(protocol: int, into: Path) -> bytes:
    return pickle.dumps({"layers.0.weight": Payload(into.parent / CANARY)}, protocol=protocol)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return file.getvalue()
