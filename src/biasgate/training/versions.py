"""What trained weights depend on besides their plan: packages, processor, threads, device."""

from __future__ import annotations

import platform
from importlib.metadata import version

from biasgate.documents import Document


class Versions(Document):
    """What the bytes of trained weights depend on besides their plan."""

    biasgate: str
    torch: str
    numpy: str
    machine: str
    instructions: str
    dtype: str
    threads: int
    device: str = "cpu"


def versions(*, threads: int, device: str = "cpu") -> Versions:
    """Those of this process: packages, processor, device (a GPU by its name), and what layers are computed in on it."""
    import torch

    from biasgate.training.together import fast_dtype

    used = torch.device(device)
    return Versions(
        biasgate=version("biasgate"),
        torch=version("torch"),
        numpy=version("numpy"),
        machine=platform.machine(),
        instructions=torch.backends.cpu.get_cpu_capability(),
        dtype=str(fast_dtype(used)).removeprefix("torch."),
        threads=threads,
        device=torch.cuda.get_device_name(used) if used.type == "cuda" else used.type,
    )
