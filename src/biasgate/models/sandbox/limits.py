"""What a candidate may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Device = Literal["cpu", "cuda"]
PROVIDERS: dict[Device, str] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
"""ONNX Runtime's provider of each device."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a candidate may use, whatever it asks for.

    Attributes:
        seconds: Wall-clock time of the whole run; its CPU time is limited to as much on each thread.
        memory_mb: Address space of the child, in MiB; Python and ONNX Runtime map about 300 of it for themselves. Of a
            GPU's memory it is the most that ONNX Runtime takes.
        threads: Threads that compute.
        device: Where the model runs; on ``cuda`` it never falls back to the CPU.
        batch: Most samples a batch; large samples run in smaller ones.
    """

    seconds: int = 120
    memory_mb: int = 2048
    threads: int = 2
    device: Device = "cpu"
    batch: int = 512
