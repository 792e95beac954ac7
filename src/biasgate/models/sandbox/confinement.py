"""How a child process confines itself before it opens a candidate, in ways that it cannot undo."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from biasgate.models.sandbox.kernel import call, renounce_privileges
from biasgate.models.sandbox.landlock import restrict_files
from biasgate.models.sandbox.seccomp import restrict_calls

_OPEN_FILES = 64
_PROCESSES = 256
"""Most threads of a user that runs nothing else."""
_NAMESPACES = 0x10000000 | 0x40000000 | 0x08000000
"""Of users, networks and messages between processes; see unshare(2)."""
_LIBRARIES = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system", "/dev/null", "/dev/urandom")
_NVIDIA = ("/proc", "/sys", "/dev", "/opt", "/etc")


def confined_job() -> dict[str, Any]:
    """The job named on the command line, after this process is confined.

    Each measure is tried by itself: limits on memory, time and files (setrlimit(2)), a user of its own, namespaces, the
    folders that may be opened, the system calls. The first line on standard output says which hold, and why others do
    not, before anything of a candidate is read; then the output is closed.
    """
    job, nowhere = json.loads(Path(sys.argv[1]).read_text()), os.open(os.devnull, os.O_WRONLY)
    limits = job["confinement"]
    measures: dict[str, Callable[[], None]] = {
        "limits": lambda: _limit(limits),
        "own user": lambda: _become(limits["user"]),
        "no new privileges": renounce_privileges,
        "namespaces": lambda: _leave_namespaces(limits["device"]),
        "files": lambda: _restrict(limits["device"]),
        "calls": restrict_calls,
    }
    held: dict[str, str | None] = {}
    for name, measure in measures.items():
        try:
            measure()
            held[name] = None
        except OSError as error:
            held[name] = error.strerror
    os.write(sys.stdout.fileno(), json.dumps(held).encode() + b"\n")
    os.dup2(nowhere, sys.stdout.fileno())
    return job


def _limit(limits: dict[str, Any]) -> None:
    """No core is dumped, and few files are open; a GPU's driver maps far more than it uses."""
    values = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["output_bytes"],
    }
    if limits["device"] == "cpu":
        values[resource.RLIMIT_AS] = limits["memory_bytes"]
    for kind, value in values.items():
        resource.setrlimit(kind, (value, value))


def _become(user: int | None) -> None:
    if user is None:
        raise OSError(0, "the gate runs without root's rights, or others may not read its Python")
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))


def _leave_namespaces(device: str) -> None:
    if device != "cpu":
        raise OSError(0, "a GPU's driver needs those of the machine")
    call("unshare", _NAMESPACES)


def _restrict(device: str) -> None:
    """Python's own folders and the machine's description can be read, the scratch folder can be written in."""
    own = [sys.prefix, sys.base_prefix, *sys.path, *_LIBRARIES, *_MACHINE]
    scratch = [Path.cwd()]
    if device == "cpu":
        restrict_files(read=map(Path, own), write=scratch)
    else:
        restrict_files(read=map(Path, (*own, *_NVIDIA)), write=[*scratch, Path("/dev")])
