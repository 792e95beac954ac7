"""Export to ONNX, believed only after ONNX Runtime has given the same logits; importing this module imports torch."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.network import Network

TOLERANCE = 1e-4


def export_onnx(network: Network, *, path: Path) -> float:
    """Writes the network as one ONNX file with a dynamic batch, its weights inside.

    Args:
        network: From ``build``; exported as it infers, whatever its mode.
        path: File to write; input ``input``, output ``logits``.

    Returns:
        Largest absolute difference of the logits of torch and ONNX Runtime; see ``parity``.

    Raises:
        CandidateError: The logits differ (see ``parity``); nothing is written.
        InputError: The network holds a module that is not the declared layer's.
    """
    from biasgate.models.onnx.graph import onnx_graph

    graph = onnx_graph(network).SerializeToString(deterministic=True)
    samples = probes(network.architecture.input)
    difference = parity(torch_logits(network, samples), _onnx_logits(graph, samples), where=str(path))
    path.write_bytes(graph)
    return difference


def parity(ours: NDArray[np.float32], theirs: NDArray[np.float32], *, where: str) -> float:
    """Largest absolute difference of two networks' logits on the same samples.

    Raises:
        CandidateError: It is above ``TOLERANCE`` (of the largest logit, where that is above 1) or not finite, or the
            shapes differ; names ``where``.
    """
    difference = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
    if not difference <= TOLERANCE * max(1.0, float(np.abs(ours).max())):
        raise CandidateError(f"torch and ONNX Runtime give logits that differ by {difference:.2g}", where=where)
    return difference


def probes(input_shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A fixed standard-normal batch ``[16, *input_shape]``."""
    return np.random.default_rng(0).standard_normal((16, *input_shape), dtype=np.float32)


def torch_logits(module: torch.nn.Module, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of a copy of the module that infers on the CPU; the module itself does not change."""
    with torch.inference_mode():
        return copy.deepcopy(module).cpu().eval()(torch.from_numpy(samples)).numpy()


def _onnx_logits(graph: bytes, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["logits"], {"input": samples})[0], dtype=np.float32)
