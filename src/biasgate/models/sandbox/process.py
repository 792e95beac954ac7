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
from typing import IO, Any

from biasgate.errors import CandidateError
from biasgate.models.sandbox.kernel import hide_memory
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.user import give_folder

_LONGEST_REPORT = 4096


@dataclass(frozen=True)
class Confinement:
    """What held a child.

    Attributes:
        applied: Measures that held before anything of the candidate was read: ``hidden parent``, ``limits``,
            ``own user``, ``no new privileges``, ``namespaces``, ``files`` (Landlock), ``calls`` (seccomp).
        unapplied: Measures that this machine did not allow, each with the reason.
    """

    applied: tuple[str, ...]
    unapplied: Mapping[str, str]


def run_child(
    module: str, job: Mapping[str, Any], *, folder: Path, output_bytes: int, limits: Limits, where: str
) -> Confinement:
    """Runs ``python -m module job.json`` with ``folder`` as working directory, until it ends or is killed.

    The child leads a session of its own, so that it is killed with all that it started. It inherits no environment but
    PATH, knows no user site and no PYTHON variables, and confines itself (see ``confinement``) before it opens the
    candidate. Files are its only way back. This process hides its own memory and environment, for good.

    Args:
        module: One of biasgate's own child modules.
        job: What to do, as JSON; files that it names lie in ``folder``.
        folder: Scratch folder of the caller, given to the child's user.
        output_bytes: Largest file that the child may write.
        limits: See ``Limits``.
        where: The candidate, named in errors.

    Returns:
        What held the child.

    Raises:
        CandidateError: The child failed or ran past a limit; one line says which.
    """
    confinement = {
        "memory_bytes": limits.memory_mb << 20,
        "cpu_seconds": limits.seconds * limits.threads,
        "output_bytes": output_bytes,
        "device": limits.device,
        "user": give_folder(folder),
    }
    (folder / "job.json").write_text(json.dumps({**job, "confinement": confinement}))
    hidden = _hidden()
    with (folder / "stderr").open("wb") as errors, _started(module, folder, errors, limits) as child:
        try:
            status = child.wait(timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _kill(child)
        report = os.read(child.stdout.fileno(), _LONGEST_REPORT) if child.stdout and status == 0 else b""
    if status != 0:
        reason = _reason(status, folder / "stderr", limits)
        raise CandidateError(f"the candidate failed in its sandbox: {reason}", where=where)
    return _confinement({"hidden parent": hidden, **json.loads(report.partition(b"\n")[0])})


def _hidden() -> str | None:
    """Why this process's memory is not hidden from the child; None when it is."""
    try:
        hide_memory()
    except OSError as error:
        return error.strerror
    return None


def _started(module: str, folder: Path, errors: IO[bytes], limits: Limits) -> subprocess.Popen[bytes]:
    threads = str(limits.threads)
    return subprocess.Popen(
        [sys.executable, "-I", "-m", module, "job.json"],
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": threads},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )


def _confinement(held: Mapping[str, str | None]) -> Confinement:
    return Confinement(
        applied=tuple(name for name, why_not in held.items() if why_not is None),
        unapplied={name: why_not for name, why_not in held.items() if why_not is not None},
    )


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
