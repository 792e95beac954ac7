"""What the gate does with over two hundred hostile candidates: a measurement or a reason, never code, never a crash.

Each candidate goes the whole way in a process of its own: its files are scanned as they lie there; the package is made;
then its weights are read and described, and, whatever came of that, it is run on samples in the sandbox and held
against its card. Run: ``python benchmarks/hostile_files.py``; prints one JSON document (and a line a candidate on
stderr) and ends with 1 when a candidate did what none may do. ``--every 7`` takes each seventh case.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hostile.case import CANARY, CHANNELS, SECRET, SIDE, Case
from hostile.cases import cases

from biasgate.detection.features.invariant import invariant_features
from biasgate.errors import BiasgateError
from biasgate.models.as_served import run_as_served
from biasgate.models.package import CandidatePackage
from biasgate.models.reading import read_weights
from biasgate.models.recognition import SUFFIXES
from biasgate.models.restore import declared_parity
from biasgate.models.sandbox.limits import Limits
from biasgate.models.submission import import_candidate
from biasgate.progress import track

SANDBOX = Limits(memory_mb=2048, seconds=10)
PATIENCE = 120
"""Seconds after which a candidate counts as one that hangs the gate."""
SAMPLES = np.random.default_rng(0).integers(0, 256, (16, SIDE, SIDE, CHANNELS), dtype=np.uint8)


@dataclass(frozen=True)
class Outcome:
    """What became of one candidate.

    Attributes:
        end: ``measured``, ``refused``, or what none may end with: ``traceback``, ``killed``, ``hung``.
        reason: The reason that a person gets, or the traceback's last line.
        seconds: Wall-clock time.
        megabytes: Largest resident memory of the gate's process, or of a child of it if that is more.
        ran: Whether the sandbox gave outputs, whatever the other readers said.
        executed: Whether code of the candidate left its mark.
    """

    name: str
    forbidden: bool
    end: str
    reason: str
    seconds: float
    megabytes: float
    ran: bool
    executed: bool

    @property
    def fault(self) -> str | None:
        """Why this outcome is a defect; None when it is none."""
        if self.executed:
            return "its code ran"
        if self.end not in ("measured", "refused"):
            return f"{self.end}: {self.reason}"
        if self.ran and self.name.startswith("batches"):
            return "it was run as if it served"
        if self.end == "measured" and self.forbidden:
            return "it was measured, which no such candidate may be"
        return None if self.reason else "it was refused without a reason"


def judge(case: Case, work: Path) -> Outcome:
    """Takes one candidate through the gate's readers and its sandbox, in a forked process."""
    (work / SECRET).write_bytes(np.ones(1 << 16, np.float32).tobytes())
    folder = work / "submitted"
    folder.mkdir()
    case.write(folder)
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _in_child(folder, work)
    status, used, hung = _await(child)
    seconds = time.monotonic() - start
    end, reason, peak, ran = "killed", f"status {status}", used, False
    if hung:
        end = "hung"
    elif status == 0:
        end, reason, peak, ran = json.loads((work / "outcome.json").read_text())
    executed = (work / CANARY).exists() or (Path.cwd() / CANARY).exists()
    return Outcome(case.name, case.forbidden, end, reason, round(seconds, 3), round(max(peak, used), 1), ran, executed)


def _in_child(folder: Path, work: Path) -> None:
    """Writes ``[end, reason, megabytes, ran]`` and leaves at once."""
    os.setpgid(0, 0)
    reasons: list[str] = []
    ran = False
    try:
        for model in sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES):
            with suppress(BiasgateError):
                read_weights(model)
        package = import_candidate(folder, work / "package")
        for step in (scan, measure, declared_parity):
            try:
                step(package)
                ran = ran or step is measure
            except BiasgateError as error:
                reasons.append(str(error))
        outcome = ("refused", "; ".join(reasons)) if reasons else ("measured", f"{len(SAMPLES)} samples")
    except BiasgateError as error:
        outcome = "refused", str(error)
    except BaseException:
        outcome = "traceback", traceback.format_exc().strip()[-600:]
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    (work / "outcome.json").write_text(json.dumps([*outcome, peak, ran]))
    os._exit(0)


def scan(package: CandidatePackage) -> None:
    """Weights without running anything."""
    if not all(np.isfinite(number) for number in invariant_features(read_weights(package.path)).values()):
        raise ValueError("a weight feature is NaN or infinite")


def measure(package: CandidatePackage) -> None:
    """Outputs in the sandbox."""
    said, _ = run_as_served(package, SAMPLES, limits=SANDBOX)
    assert np.isfinite(said.logits).all()


def _await(child: int) -> tuple[int, float, bool]:
    """Exit status, megabytes, and whether the process had to be killed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        pid, status, used = os.wait4(child, os.WNOHANG)
        if pid:
            return status, used.ru_maxrss / 1024, False
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    return status, used.ru_maxrss / 1024, True


def outcomes(chosen: list[Case]) -> list[Outcome]:
    """One outcome a case, each in a fresh folder; what it wrote outside is removed."""
    found: list[Outcome] = []
    for case in track(chosen, "hostile files", total=len(chosen), unit="files"):
        with TemporaryDirectory(prefix="biasgate-hostile-") as work:
            found.append(judge(case, Path(work)))
            print(json.dumps(asdict(found[-1])), file=sys.stderr, flush=True)
            shutil.rmtree(Path(work, "submitted"), ignore_errors=True)
    return found


def _verdict(outcome: Outcome) -> str:
    """The end and the reason, without the names of temporary folders."""
    return f"{outcome.end}: {re.sub(r'/[^ ]*biasgate-hostile-[^/]*/', '', outcome.reason)[:160]}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--only", nargs="*", help="the kinds of cases to take")
    asked = options.parse_args()
    found = outcomes(
        [case for case in cases() if not asked.only or case.name.split(":")[0] in asked.only][:: asked.every]
    )
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    faults = {outcome.name: outcome.fault for outcome in found if outcome.fault}
    slowest = sorted(found, key=lambda outcome: -outcome.seconds)[:5]
    largest = sorted(found, key=lambda outcome: -outcome.megabytes)[:5]
    report = {
        "candidates": len(found),
        "of": len(cases()),
        "ends": dict(Counter(outcome.end for outcome in found)),
        "tracebacks": sum(outcome.end == "traceback" for outcome in found),
        "gave_outputs_in_the_sandbox": sum(outcome.ran for outcome in found),
        "code_runs": sum(outcome.executed for outcome in found),
        "faults": faults,
        "median_s": round(float(np.median([outcome.seconds for outcome in found])), 3),
        "slowest_s": {outcome.name: outcome.seconds for outcome in slowest},
        "largest_mb": {outcome.name: outcome.megabytes for outcome in largest},
        "idle_process_mb": round(idle, 1),
        "sandbox": asdict(SANDBOX),
        "cpu": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "outcomes": {outcome.name: _verdict(outcome) for outcome in found},
    }
    print(json.dumps(report, indent=2))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
