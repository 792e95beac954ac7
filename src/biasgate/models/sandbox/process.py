"""Child processes for what is done with a hostile file: limited in memory, time and output, without secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biasgate.errors import CandidateError

_THREADS = 2


@dataclass(frozen=True)
class Limits:
    """What a candidate may use.

    Attributes:
        memory_mb: Address space of the child, in MiB; Python and ONNX Runtime map about 300 of it for themselves.
        seconds: Wall-clock time of the whole run; the CPU time is limited to as much on each of two threads.
        batch: Most samples a batch; large samples run in smaller ones.
    """

    memory_mb: int = 2048
    seconds: int = 120
    batch: int = 512


def run_child(
    module: str, job: Mapping[str, Any], *, folder: Path, output_bytes: int, limits: Limits, where: str
) -> None:
    """Runs ``python -m module job.json`` with ``folder`` as working directory, until it ends or is killed.

    The child leads a session of its own, so that it is killed with all that it started. It inherits no environment but
    PATH, knows no user site and no PYTHON variables, and confines itself (see ``confinement``) before it opens the
    candidate. Files are its only way back.

    Args:
        module: One of biasgate's own child modules.
        job: What to do, as JSON.
        folder: Scratch folder of the caller.
        output_bytes: Largest file that the child may write.
        limits: See ``Limits``.
        where: The candidate, named in errors.

    Raises:
        CandidateError: The child failed or ran past a limit; one line says which.
    """
    confinement = {
        "memory_bytes": limits.memory_mb << 20,
        "cpu_seconds": limits.seconds * _THREADS,
        "output_bytes": output_bytes,
    }
    (folder / "job.json").write_text(json.dumps({**job, "confinement": confinement}))
    with (folder / "stderr").open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", module, "job.json"],
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": str(_THREADS)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            status = child.wait(timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _kill(child)
    if status != 0:
        reason = _reason(status, folder / "stderr", limits)
        raise CandidateError(f"the candidate failed in its sandbox: {reason}", where=where)


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _reason(status: int | None, stderr: Path, limits: Limits) -> str:
    """Why a child failed, in one clause."""
    last_line = stderr.read_bytes()[-4096:].decode(errors="replace").strip().rpartition("\n")[2][-300:]
    tail = printable(last_line)
    memory = ("MemoryError", "bad_alloc", "allocate memory", "bad allocation", "alloc_cpu")
    if status is None or status == -signal.SIGXCPU:
        return f"it ran past its {limits.seconds} s"
    if status == -signal.SIGKILL or any(sign in tail for sign in memory):
        return f"it needs more than its {limits.memory_mb} MiB of memory"
    if status < 0:
        return f"it crashed its process ({signal.Signals(-status).name}); {tail}"
    return tail or f"its process ended with status {status}"


def printable(text: str) -> str:
    """What a child wrote, with a question mark for every sign that a terminal might obey."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
