"""The child that opens a ``.pt`` file: ``python -I -m biasgate.models.child_torch job.json``.

``torch.load(weights_only=True)`` runs no code from the file; what it gives is written as ``tensors.safetensors``.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from biasgate.models.confinement import confined_job


def main() -> None:
    """Runs the job; a failure's last line on stderr says why."""
    job = confined_job()
    check_archive(Path(job["model"]))
    from pickle import UnpicklingError

    import torch
    from safetensors.torch import save_file

    try:
        loaded = torch.load(job["model"], map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise SystemExit(
            "it holds more than tensors: save the state dict alone, not a module or other objects"
        ) from None
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise SystemExit("it holds no state dict: a mapping of names to tensors")
    if any(tensor.layout != torch.strided or tensor.is_quantized for tensor in state.values()):
        raise SystemExit("it holds sparse or quantised tensors")
    save_file(
        {str(name): tensor.detach().contiguous().clone() for name, tensor in state.items()}, "tensors.safetensors"
    )


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
