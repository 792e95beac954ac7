"""Child processes for what is done with a hostile file: limited in memory, time and output, without secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from biasgate.errors import CandidateError
from biasgate.models.sandbox.kernel import hide_memory
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.user import give_folder

_LONGEST_REPORT = 4096
_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "allocate memory", "bad allocation", "alloc_cpu")
Feed = Callable[[IO[bytes]], None]
"""Writes all that a child reads."""


class OutOfTimeError(CandidateError):
    """A child ran past its seconds."""


class OutOfMemoryError(CandidateError):
    """A child asked for more than its memory."""


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
    module: str,
    job: Mapping[str, Any],
    *,
    folder: Path,
    output_bytes: int,
    limits: Limits,
    where: str,
    feed: Feed | None = None,
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
        feed: Writes what the child reads on its standard input, while it runs; what it raises ends the child.

    Returns:
        What held the child.

    Raises:
        OutOfTimeError: It ran past its seconds.
        OutOfMemoryError: It asked for more than its memory.
        CandidateError: It failed otherwise; one line says how.
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
    with (
        (folder / "stderr").open("wb") as errors,
        ThreadPoolExecutor(1) as pool,
        _started(module, folder, errors, limits) as child,
    ):
        fed = pool.submit(_feed, child.stdin, feed)
        try:
            status = child.wait(timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _kill(child)
        fed.result()
        report = os.read(child.stdout.fileno(), _LONGEST_REPORT) if child.stdout and status == 0 else b""
    if status != 0:
        raise _failure(status, folder / "stderr", limits, where=where)
    return _confinement({"hidden parent": hidden, **json.loads(report.partition(b"\n")[0])})


def _feed(pipe: IO[bytes] | None, feed: Feed | None) -> None:
    """Writes to a child until it has all, or has ended."""
    with suppress(BrokenPipeError):
        if pipe and feed:
            with closing(pipe):
                feed(pipe)
        elif pipe:
            pipe.close()


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
        stdin=subprocess.PIPE,
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


def _failure(status: int | None, stderr: Path, limits: Limits, *, where: str) -> CandidateError:
    """Why a child failed, in one sentence."""
    last_line = stderr.read_bytes()[-4096:].decode(errors="replace").strip().rpartition("\n")[2][-300:]
    tail, failed = printable(last_line), "the candidate failed in its sandbox"
    if status is None or status == -signal.SIGXCPU:
        return OutOfTimeError(f"{failed}: it ran past its {limits.seconds} s", where=where)
    if status == -signal.SIGKILL or any(sign in tail for sign in _OUT_OF_MEMORY):
        return OutOfMemoryError(f"{failed}: it needs more than its {limits.memory_mb} MiB of memory", where=where)
    if status < 0:
        return CandidateError(f"{failed}: it crashed its process ({signal.Signals(-status).name}); {tail}", where=where)
    return CandidateError(f"{failed}: {tail or f'its process ended with status {status}'}", where=where)


def printable(text: str) -> str:
    """What a child wrote, with a question mark for every sign that a terminal might obey."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
