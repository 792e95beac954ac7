"""How a child process limits itself before it opens a candidate: kernel limits that it cannot raise again."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

_OPEN_FILES = 64


def confined_job() -> dict[str, Any]:
    """The job named on the command line, after the limits in it hold for this process.

    No core is dumped, at most 64 files are open, and address space, CPU seconds and the size of a written file are
    limited to what the job says. See setrlimit(2).
    """
    job = json.loads(Path(sys.argv[1]).read_text())
    limits = job["confinement"]
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
    ):
        resource.setrlimit(kind, (value, value))
    return job
