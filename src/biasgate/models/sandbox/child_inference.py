"""The child that runs a candidate's graph: ``python -I -m biasgate.models.sandbox.child_inference job.json``.

It imports nothing but numpy and ONNX Runtime, reads a batch of inputs while the model is at the one before, and writes
raw float32 outputs, the seconds a sample that each batch took (float64), and what else there is to say.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from biasgate.models.sandbox.confinement import confined_job
from biasgate.models.sandbox.limits import PROVIDERS

_LONGEST_REASON = 300


def main() -> None:
    """Runs the job; a failure's last line on stderr says why."""
    job = confined_job()
    import numpy as np

    session = session_on(job)
    trials_from = len(job["sizes"]) - job["trials"]
    failures: dict[int, str] = {}
    with Path("outputs.bin").open("wb") as outputs, Path("seconds.bin").open("wb") as times:
        for place, (size, batch) in enumerate(_batches(job)):
            started = time.perf_counter()
            try:
                answer = session.run([job["output"]], batch)[0]
            except Exception as error:
                if place < trials_from:
                    given = ", ".join(f"{name!r} {list(rows.shape)}" for name, rows in batch.items())
                    failed = f"given {given} as its card says, it fails: {_end(error)}"
                    raise SystemExit(failed + job["advice"]) from None
                failures[place - trials_from] = _end(error)
                np.full((size, job["columns"][0]), np.nan, np.float32).tofile(outputs)
                continue
            if place < trials_from:
                np.array((time.perf_counter() - started) / (job["batch"] or size)).tofile(times)
            _numbers(answer, job, job["batch"] or size)[:size].tofile(outputs)
    report = {"provider": session.get_providers()[0], "failures": failures, "columns": job["columns"][0]}
    Path("report.json").write_text(json.dumps(report))


def session_on(job: dict[str, Any]) -> Any:
    """A session on bytes, so that a graph has no folder to load other files from.

    Raises:
        SystemExit: ONNX Runtime would run the model elsewhere than the job says.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = job["threads"]
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    wanted = PROVIDERS[job["device"]]
    settings = {"gpu_mem_limit": str(job["confinement"]["memory_bytes"])} if job["device"] == "cuda" else {}
    try:
        session = ort.InferenceSession(Path(job["model"]).read_bytes(), options, providers=[(wanted, settings)])
    except Exception as error:
        raise SystemExit(_plainly(str(error))) from None
    if session.get_providers()[0] != wanted:
        raise SystemExit(
            f"ONNX Runtime gave the providers {session.get_providers()}, not {wanted}: "
            "is a GPU with its driver there? Else `inference: {device: cpu}`"
        )
    return session


def _plainly(error: str) -> str:
    """What ONNX Runtime says of a model that it does not load, with the versions alone where it is too new."""
    if found := re.search(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)", error):
        return f"it has IR version {found[1]}, ONNX Runtime reads up to {found[2]}: export it again with that one"
    if found := re.search(r"Opset (\d+) is under development.* domain (\S+) is till opset (\d+)", error, re.DOTALL):
        return (
            f"it has opset {found[1]}, ONNX Runtime reads up to {found[3]} of {found[2]}: export it again with that one"
        )
    if found := re.search(r"(\S+?)(?:\(-?\d+\))? is not a registered|No Op registered for (\S+)", error):
        return f"ONNX Runtime has no operator {found[1] or found[2]}: export the model with ONNX's own operators"
    return error[-_LONGEST_REASON:]


def _end(error: Exception) -> str:
    return str(error)[-_LONGEST_REASON:]


def _batches(job: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Samples of each batch and its inputs by name; the next is read while one is worked on."""
    with ThreadPoolExecutor(1) as reader:
        sizes = job["sizes"]
        coming = reader.submit(_read, job, sizes[0])
        for size, following in zip(sizes, [*sizes[1:], None], strict=True):
            batch = coming.result()
            if following:
                coming = reader.submit(_read, job, following)
            yield size, batch


def _read(job: dict[str, Any], size: int) -> dict[str, Any]:
    """The next batch on standard input.

    Raises:
        SystemExit: There is no more.
    """
    import numpy as np

    batch: dict[str, Any] = {}
    for feed in job["feeds"]:
        dtype = np.dtype(feed["dtype"])
        count = size * math.prod(feed["shape"]) * dtype.itemsize
        held = sys.stdin.buffer.read(count)
        if len(held) < count:
            raise SystemExit("its inputs ended early")
        rows = np.frombuffer(held, dtype).reshape(size, *feed["shape"])
        batch[feed["name"]] = _padded(rows.astype(object) if dtype.kind == "U" else rows, job["batch"])
    return batch


def _padded(rows: Any, batch: int | None) -> Any:
    """As many samples as the graph fixes: those there are, over and over."""
    import numpy as np

    return rows if batch is None else np.resize(rows, (batch, *rows.shape[1:]))


def _numbers(answer: Any, job: dict[str, Any], size: int) -> Any:
    """The answer as float32 ``[size, columns]``; the first batch tells how many columns there are.

    Raises:
        SystemExit: It is anything else.
    """
    import numpy as np

    if isinstance(answer, list):
        answer = _of_maps(answer, job["classes"])
    column = answer.shape in ((size,), ()) and 1 in job["columns"]
    found = answer.reshape(-1, 1) if column else answer
    if found.dtype.kind != "f" or found.ndim != 2 or len(found) != size or found.shape[1] not in job["columns"]:
        raise SystemExit(
            f"it gives {answer.dtype} {list(answer.shape)} for {size} samples, "
            f"not float [{size}, {len(job['classes'])}] as its card's classes say"
        )
    job["columns"] = [found.shape[1]]
    return found.astype(np.float32)


def _of_maps(answer: list[Any], classes: list[str]) -> Any:
    """One dictionary a sample, as ZipMap gives: by the classes' names, or by 0, 1, … in the card's order."""
    import numpy as np

    keys = list(answer[0]) if answer and isinstance(answer[0], dict) else []
    named = {str(key): key for key in keys}
    numbered = dict(zip(classes, range(len(classes)), strict=True))
    order = named if named.keys() == set(classes) else numbered if set(keys) == set(numbered.values()) else None
    if order is None:
        raise SystemExit(f"its answers are named {[str(key)[:40] for key in keys[:20]]}, the card's classes {classes}")
    return np.array([[row[order[name]] for name in classes] for row in answer], np.float32)


if __name__ == "__main__":
    main()
