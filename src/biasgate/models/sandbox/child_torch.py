"""The child that opens ``.pt`` files: ``python -I -m biasgate.models.sandbox.child_torch job.json``.

``torch.load(weights_only=True)`` runs no code from a file; what the n-th gives is written as ``n.safetensors``, and as
``n.note`` where in the file it stood, or why it gives nothing as ``n.reason``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from biasgate.models.sandbox.confinement import confined_job

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
"""Keys under which training scripts keep the state dict beside an optimiser's and an epoch."""

_MOST_NAMED = 6
"""Most other things in a checkpoint that are named."""
_MOST_SHARED = 4
"""Most times that stored numbers may be used: tied layers use them twice."""


def main() -> None:
    """Runs the job. What is no state dict has a reason; any other failure ends the process."""
    job = confined_job()
    for place, model in enumerate(job["models"]):
        try:
            if note := convert(Path(model), Path(f"{place}.safetensors")):
                Path(f"{place}.note").write_text(note)
        except SystemExit as reason:
            Path(f"{place}.reason").write_text(str(reason))


def convert(model: Path, into: Path) -> str:
    """Writes the tensors of one file.

    Returns:
        Where in the file they stood, and beside what; nothing where the file is a state dict.

    Raises:
        SystemExit: It is none that is read here; says why.
    """
    check_archive(model)
    from pickle import UnpicklingError

    import torch
    from safetensors.torch import save_file

    try:
        loaded: Any = torch.load(model, map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise SystemExit(
            "it holds more than tensors: save the state dict alone, not a module or other objects"
        ) from None
    opened: list[str] = []
    beside: list[str] = []
    while (key := next((key for key in WRAPPERS if _holds(loaded, key)), None)) and len(opened) < len(WRAPPERS):
        opened.append(key)
        beside += [str(other) for other in loaded if other != key]
        loaded = loaded[key]
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise SystemExit("it holds no state dict: a mapping of names to tensors")
    if sum(tensor.nbytes for tensor in loaded.values()) > _MOST_SHARED * model.stat().st_size:
        raise SystemExit("its tensors take far more memory than the file: they repeat what is stored once")
    if any(tensor.layout != torch.strided or tensor.is_quantized for tensor in loaded.values()):
        raise SystemExit("it holds sparse or quantised tensors")
    save_file({str(name): tensor.detach().contiguous().clone() for name, tensor in loaded.items()}, into)
    return _note(opened, beside)


def _note(opened: list[str], beside: list[str]) -> str:
    if not opened:
        return ""
    others = ", ".join(repr(name[:40]) for name in beside[:_MOST_NAMED])
    more = f" and {len(beside) - _MOST_NAMED} more" if len(beside) > _MOST_NAMED else ""
    what = f"the weights are those under {'.'.join(opened)!r} of the checkpoint"
    return f"{what}; not read: {others}{more}" if beside else what


def _holds(loaded: Any, key: str) -> bool:
    return isinstance(loaded, dict) and isinstance(loaded.get(key), dict)


def check_archive(path: Path) -> None:
    """Refuses what would unpack to more than it is: ``torch.save`` stores, it never compresses."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
    except (BadZipFile, NotImplementedError) as error:
        raise SystemExit(f"no file of torch.save: {error}; save the state dict again, or give safetensors") from None
    packed = any(entry.compress_type != ZIP_STORED for entry in entries)
    if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise SystemExit("the archive unpacks to more than it is; save it with torch.save")


if __name__ == "__main__":
    main()
