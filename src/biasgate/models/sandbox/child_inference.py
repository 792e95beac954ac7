"""The child that runs a candidate's graph: ``python -I -m biasgate.models.sandbox.child_inference job.json``.

It imports nothing but numpy and ONNX Runtime, holds one batch of inputs at a time, and writes raw float32 outputs, the
seconds a sample that each batch took (float64), and the provider's name.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from biasgate.models.sandbox.confinement import confined_job

_PROVIDERS = ["CPUExecutionProvider"]


def main() -> None:
    """Runs the job; a failure's last line on stderr says why."""
    job = confined_job()
    import numpy as np

    session = _session(job["model"])
    (declared,) = session.get_inputs()
    batch = declared.shape[0] if declared.shape and isinstance(declared.shape[0], int) else job["batch"]
    seconds: list[float] = []
    values = batch * math.prod(job["shape"])
    with Path("inputs.bin").open("rb") as inputs, Path("outputs.bin").open("wb") as outputs:
        while (read := np.fromfile(inputs, np.float32, values)).size:
            rows = read.reshape(-1, *job["shape"])
            padded = np.resize(rows, (batch, *rows.shape[1:])) if batch != job["batch"] else rows
            started = time.perf_counter()
            output = session.run([session.get_outputs()[0].name], {declared.name: padded})[0]
            seconds.append((time.perf_counter() - started) / len(padded))
            if output.shape != (len(padded), job["classes"]) or output.dtype.kind != "f":
                raise SystemExit(
                    f"it gives {output.dtype} {list(output.shape)} for {len(padded)} samples, "
                    f"not float [{len(padded)}, {job['classes']}] as its card's classes say"
                )
            output[: len(rows)].astype(np.float32).tofile(outputs)
    np.array(seconds).tofile("seconds.bin")
    Path("provider.json").write_text(json.dumps(session.get_providers()[0]))


def _session(model: str) -> Any:
    """A session on bytes, so that a graph has no folder to load other files from."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 2
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    session = ort.InferenceSession(Path(model).read_bytes(), options, providers=_PROVIDERS)
    if session.get_providers() != _PROVIDERS:
        raise SystemExit(f"ONNX Runtime gave the providers {session.get_providers()}, not {_PROVIDERS}")
    if len(session.get_inputs()) != 1 or len(session.get_outputs()) != 1:
        raise SystemExit("it must have one input and one output")
    return session


if __name__ == "__main__":
    main()
