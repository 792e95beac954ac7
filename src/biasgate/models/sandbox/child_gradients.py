"""The child that meets a graph's gradients first: ``python -I -m biasgate.models.sandbox.child_gradients job.json``.

It computes the answers for some samples as torch does, and the gradients of all logits, under the limits of a run. All
that it needs of this library is imported before it confines itself, and before it opens anything of the candidate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from biasgate.errors import BiasgateError
from biasgate.models.card import CandidateCard
from biasgate.models.graph_reading import graph_network
from biasgate.models.onnx.file import load_onnx
from biasgate.models.operator import operators
from biasgate.models.sandbox.confinement import confined_job


def main() -> None:
    """Runs the job; a failure's last line on stderr says why."""
    operators()
    job = confined_job()
    torch.set_num_threads(job["threads"])
    parts = {name: slice(*ends) for name, ends in job["parts"].items()}
    try:
        network = graph_network(load_onnx(Path(job["model"])), CandidateCard.build(job["card"]), parts=parts)
        inputs = torch.from_numpy(np.load("inputs.npy", allow_pickle=False))
        with torch.no_grad():
            network.answer(inputs).float().numpy().tofile("answers.bin")
        if learned := list(network.parameters()):
            torch.autograd.grad(network(inputs).sum(), learned, allow_unused=True)
    except BiasgateError as error:
        raise SystemExit(error.what) from None


if __name__ == "__main__":
    main()
