"""Importing a submission in a process of its own: one that needs too much ends alone, and whoever promotes goes on."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from biasgate.errors import BiasgateError, CandidateError
from biasgate.models.candidates import checked_elsewhere
from biasgate.models.predictions import Candidate
from biasgate.models.submission import import_candidate

SECONDS = 600
"""What one import may take."""
SHARE = 0.6
"""Share of this machine's, or this container's, memory that one import may use."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def import_apart(submitted: Path, into: Path, *, memory: int | None = None, seconds: int = SECONDS) -> Candidate:
    """Makes a package of what was submitted, as ``import_candidate`` does, in a child with limits.

    Args:
        submitted: The submission's folder.
        into: Folder of the package.
        memory: Address space of the child, in bytes; by default a share of what this process may use.
        seconds: What it may take.

    Raises:
        CandidateError: It is no candidate, or importing it takes more memory or time than there is.
    """
    memory = memory or int(SHARE * _memory_here())
    command = [sys.executable, "-I", "-m", "biasgate.registry.importing", str(submitted), str(into), str(memory)]
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            said, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise CandidateError(f"importing it takes more than {seconds} s", where=str(submitted)) from None
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
    if child.returncode:
        raise _refusal(said, submitted, memory)
    return checked_elsewhere(into)


def _refusal(said: bytes, submitted: Path, memory: int) -> CandidateError:
    """What the child said before it failed; one that was killed, or found no memory, said nothing."""
    if said:
        return CandidateError(**json.loads(said))
    fix = f"give the promoter more than {memory / SHARE / 2**20:,.0f} MiB of memory, and decide again"
    return CandidateError(
        f"importing it takes more than the {memory >> 20:,} MiB of memory that it may use",
        where=str(submitted),
        fix=fix,
    )


def _memory_here() -> int:
    """Bytes that this process may use: its container's limit, or the machine's memory."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _CGROUP.read_text().strip() if _CGROUP.exists() else ""
    return min(machine, int(limit)) if limit.isdigit() else machine


def main() -> None:
    """The child: says on stdout why there is no package, and nothing where there is."""
    submitted, into, memory = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    try:
        import_candidate(Path(submitted), Path(into))
    except BiasgateError as error:
        if not isinstance(error.__cause__, MemoryError):
            sys.stdout.write(json.dumps({"what": error.what, "where": error.where, "fix": error.fix}))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
