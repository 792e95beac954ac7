"""Whether this machine's ONNX Runtime can run where it is asked to."""

from __future__ import annotations

from biasgate.errors import InputError
from biasgate.models.sandbox.limits import PROVIDERS, Device


def require_device(device: Device) -> None:
    """Refuses a GPU where the installed ONNX Runtime knows of none: it would warn, and run on the CPU.

    Whether there is a GPU with its driver, the child finds out that runs the model.

    Raises:
        InputError: It has no such provider; says which it has.
    """
    if device == "cpu":
        return
    import onnxruntime

    if PROVIDERS[device] not in (found := onnxruntime.get_available_providers()):
        raise InputError(
            f"the model is to run on {device}, and this ONNX Runtime has {', '.join(found)} alone",
            fix="pip install onnxruntime-gpu in the place of onnxruntime; or `inference: {device: cpu}`",
        )
