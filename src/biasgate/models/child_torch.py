"""The child that opens a ``.pt`` file: ``python -I -m biasgate.models.child_torch job.json``.

``torch.load(weights_only=True)`` runs no code from the file; what it gives is written as ``tensors.safetensors``.
"""

from __future__ import annotations

from biasgate.models.confinement import confined_job


def main() -> None:
    """Runs the job; a failure's last line on stderr says why."""
    job = confined_job()
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


if __name__ == "__main__":
    main()
