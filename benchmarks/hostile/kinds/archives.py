"""Torch archives without code that are damaged, lie or unfold."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hostile.archive import zipped
from hostile.candidate import flipped, folder, state
from hostile.case import CANARY, Named, Write


def cases() -> Named:
    yield "a deflated bomb", folder("model.pt", zipped({"m/data.pkl": bytes(1 << 26)}, zipfile.ZIP_DEFLATED)), True
    yield (
        "bombs in lzma",
        folder("model.pt", zipped({f"m/{k}": bytes(1 << 24) for k in range(4)}, zipfile.ZIP_LZMA)),
        True,
    )
    yield "a member above the folder", folder("model.pt", zipped({f"../../{CANARY}": b"x", "m/data.pkl": b"."})), True
    yield "ten thousand members", folder("model.pt", zipped({f"m/{k}": b"x" for k in range(10_000)})), True
    whole = zipped({"m/data.pkl": b"\x80\x02}.", "m/version": b"3\n"})
    yield "no tensor at all", folder("model.pt", whole), True
    for cut in (1, 2, 3):
        yield f"cut at {cut}/4", folder("model.pt", whole[: len(whole) * cut // 4]), True
    lying = bytearray(whole)
    place = lying.rindex(b"PK\x01\x02") + 24
    lying[place : place + 4] = struct.pack("<I", 0xFFFFFFF0)
    yield "a size that lies", folder("model.pt", bytes(lying)), True
    for seed in range(4):
        yield f"bits turned, {seed}", folder("model.pt", flipped(whole, seed, head=len(whole))), False
    yield (
        "a stride of terabytes",
        torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.zeros(1).expand(1 << 20, 1 << 20)})),
        True,
    )
    yield (
        "two hundred views of one number",
        torch_saved(lambda t: {f"l{k}.weight": t.zeros(1).expand(4096, 4096) for k in range(200)}),
        True,
    )
    yield "a sparse tensor", torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.eye(3).to_sparse()})), True
    yield "a module instead of a state dict", torch_saved(lambda t: t.nn.Linear(2, 2)), True
    yield "names that are numbers", torch_saved(lambda t: {1: t.zeros(2), "1": t.ones(2)}), True
    yield "a list of tensors", torch_saved(lambda t: [t.zeros(2)]), True
    yield (
        "complex numbers",
        torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.zeros(3, dtype=t.complex64)})),
        True,
    )
    yield "NaN", torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.full((3,), float("nan"))})), True
    yield "a tensor of no values", torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.zeros(0)})), True


def torch_saved(make: Callable[[Any], Any]) -> Write:
    """What ``torch.save`` writes of a value that ``make`` builds from torch itself."""

    def write(into: Path) -> None:
        import torch

        with TemporaryDirectory() as work:
            torch.save(make(torch), Path(work, "m.pt"))
            folder("model.pt", Path(work, "m.pt").read_bytes())(into)

    return write


def state_dict(torch: Any, **changed: Any) -> dict[str, Any]:
    return {**{name: torch.tensor(array) for name, array in state().items()}, **changed}
