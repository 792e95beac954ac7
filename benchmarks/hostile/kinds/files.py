"""A model that is no regular file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from hostile.candidate import card
from hostile.case import SECRET, Named, Write


def cases() -> Named:
    def special(make: Callable[[Path], object]) -> Write:
        def write(into: Path) -> None:
            (into / "card.json").write_text(json.dumps(card(architecture=None)))
            make(into / "model.onnx")

        return write

    yield "an empty file", special(Path.touch), True
    yield "a folder", special(Path.mkdir), True
    yield "a pipe that nobody writes", special(os.mkfifo), True
    yield "a link to a file outside", special(lambda path: path.symlink_to(path.parents[1] / SECRET)), True
    yield "a link to a device", special(lambda path: path.symlink_to("/dev/zero")), True
    yield "a link to itself", special(lambda path: path.symlink_to(path.name)), True
    yield "a link to nothing", special(lambda path: path.symlink_to("nothing")), True

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(1 << 40)

    yield "a terabyte of nothing", special(sparse), True
