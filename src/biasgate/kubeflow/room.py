"""Whether a task has room for what a gate lets its candidates use."""

from __future__ import annotations

from biasgate.errors import InputError
from biasgate.gate.declaration import Inference
from biasgate.kubeflow.settings import Kind

OWN_MEMORY = 1 << 30
"""Bytes that the process takes which feeds a candidate and measures it."""


def require_room(inference: Inference, kind: Kind) -> None:
    """Refuses a gate whose candidates may use more than the tasks that run them have.

    Args:
        inference: What the gate lets a candidate use.
        kind: What such a task gets.

    Raises:
        InputError: Its memory, cores or seconds are too few, or it has no GPU; says which setting gives more.
    """
    from kubernetes.utils.quantity import parse_quantity

    used = inference.limits["memory_mb"] << 20
    if parse_quantity(kind.memory.limit) < used + OWN_MEMORY:
        asked = f"{(used + OWN_MEMORY) >> 20}Mi"
        raise _too_small("memory", inference.memory, kind.memory.limit, f"memory: {{request: {asked}, limit: {asked}}}")
    if parse_quantity(kind.cpu.limit) < inference.threads:
        cores = f'cpu: {{limit: "{inference.threads}"}}'
        raise _too_small("threads", str(inference.threads), f"{kind.cpu.limit} cores", cores)
    if kind.seconds <= inference.seconds:
        raise _too_small("seconds", str(inference.seconds), str(kind.seconds), f"seconds: {2 * inference.seconds}")
    if inference.device == "cuda" and kind.gpu is None:
        raise _too_small("device", "cuda", "no GPU", "gpu: {count: 1}, image: …")


def _too_small(name: str, asked: str, has: str, setting: str) -> InputError:
    return InputError(
        f"the gate's `inference` lets a candidate use {name}: {asked}, and a task that runs it has {has}",
        fix=f"set `tasks: {{light: {{{setting}}}}}` in the settings, or declare the gate with less",
    )
