"""What a growing log costs: its first read, and what is read, looked and written after it.

Promoting, verifying and reconciling read the history; their cost beyond that does not depend on the log's length.

A candidate leaves three entries: a look, its decision, and another look; every tenth is approved and promoted. Seconds
are those of the processor, so that other work on the machine counts little; beside the figures stands how long one bare
signature takes to check, which bounds the first read. Each row is measured in processes of its own: one that never saw
the log, and one that comes after it. Goals at 10,000 entries: 5,000 entries a second at the first read, at most 1 s for
all that follows it, memory that does not grow with the log.

Run: ``python benchmarks/log_cost.py``, about four minutes; keeps its rows in results/log_cost.json. ``--quick`` stops
at 10,000 entries and keeps nothing, ``--json`` prints one line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Cell, Evaluation
from biasgate.contracts.scan import Scan
from biasgate.documents import digest, sha256
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion, Evidence, Subject
from biasgate.gate.ledger.chain import Head, onward
from biasgate.gate.ledger.entry import Body, DecisionBody, LogEntry, LookBody, PromotionBody
from biasgate.gate.ledger.envelope import seal
from biasgate.gate.ledger.log import append, read_history
from biasgate.gate.ledger.looks import take_look
from biasgate.gate.policy import Policy
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import generate_key, read_signing_key

SIZES, QUICK, REPEATS = (100, 1_000, 10_000, 100_000), 10_000, 3
RESULT = Path(__file__).with_name("results") / "log_cost.json"
GOALS = {"entries_a_second": 5_000, "again_s": 1.0}
POLICY = """
name: floor
evaluation: {attributes: [group]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: floor, kind: floor, min: 0.75}]
looks: 100000
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"stop at {QUICK:,} entries")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "TURN"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        folder, turn = asked.measure
        print(json.dumps(first(Path(folder)) if turn == "first" else after(Path(folder))))
        return
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(Path(folder))
        for size in [size for size in SIZES if size <= QUICK or not asked.quick]:
            shutil.rmtree(Path(folder, "cache"), ignore_errors=True)
            writer.grow(size)
            rows.append({"entries": size, **in_own_process(folder, "first"), **in_own_process(folder, "after")})
            writer.recount()
            if not asked.json:
                print_row(rows[-1], header=len(rows) == 1)
    if not asked.quick:
        RESULT.write_text(json.dumps(rows, indent=1) + "\n")
    if asked.json:
        at = next(row for row in rows if row["entries"] == QUICK)
        headline = {name: at[name] for name in (*GOALS, "signatures_a_second")}
        print(json.dumps({**headline, "goals": GOALS, "rows": rows}))


def first(folder: Path) -> dict[str, float]:
    """The first read of a log, the quickest of some; in the same process, how many bare signatures can be checked."""
    trusted, log = trusted_keys(folder / "keys" / "trusted"), str(folder / "log")
    entries = len(list((folder / "log" / "entries").iterdir()))
    next(onward(log, trusted, Head()))  # imports what a signature takes
    before, seconds = memory(), list[float]()
    for left in reversed(range(1 if entries > QUICK else REPEATS)):
        os.environ["BIASGATE_CACHE"] = "" if left else str(folder / "cache")
        start = time.process_time()
        read_history(log, trusted)
        seconds.append(time.process_time() - start)
    return {
        "first_s": min(seconds),
        "entries_a_second": entries / min(seconds),
        "first_mib": memory() - before,
        "signatures_a_second": signatures_a_second(),
    }


def after(folder: Path) -> dict[str, float]:
    """What readers and writers take once the log was read."""
    trusted, log = trusted_keys(folder / "keys" / "trusted"), str(folder / "log")
    file = folder / "keys" / "signing-key.pem"
    key, found = read_signing_key(file.read_bytes(), where=str(file)), {}
    look = LookBody(data="sha256:gate", name="digits", digest=sha256(os.urandom(8)))
    before, rows = memory(), np.arange(10_000, dtype=np.uint64)
    for name, action in {
        "history_s": lambda: read_history(log, trusted),
        "look_s": lambda: take_look(
            log, data=look.data, rows=rows, name=look.name, digest=look.digest, key=key, trusted=trusted
        ),
        "append_s": lambda: append(log, look, key=key),
    }.items():
        start = time.process_time()
        action()
        found[name] = time.process_time() - start
    return {**found, "again_s": max(found.values()), "again_mib": memory() - before}


def signatures_a_second() -> float:
    private = ec.generate_private_key(ec.SECP256R1())
    signature, public = private.sign(b"text", ec.ECDSA(hashes.SHA256())), private.public_key()
    seconds = list[float]()
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(1_000):
            public.verify(signature, b"text", ec.ECDSA(hashes.SHA256()))
        seconds.append(time.process_time() - start)
    return 1_000 / min(seconds)


def memory() -> float:
    """The most memory that this process had so far, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def in_own_process(folder: str, turn: str) -> dict[str, float]:
    homes = {"BIASGATE_CACHE": f"{folder}/cache", "XDG_STATE_HOME": f"{folder}/state"}
    command = [sys.executable, __file__, "--measure", folder, turn]
    done = subprocess.run(command, env={**os.environ, **homes}, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def print_row(row: dict[str, float], *, header: bool) -> None:
    if header:
        print("entries  first read  entries/s  (bare signatures/s)  history again   look  append  memory first, again")
    print(
        f"{row['entries']:7,}  {row['first_s']:8.2f} s  {row['entries_a_second']:9,.0f}"
        f"  {row['signatures_a_second']:19,.0f}  {row['history_s']:11.3f} s"
        f"  {row['look_s']:5.3f}  {row['append_s']:6.3f}"
        f"  {row['first_mib']:7.1f}, {row['again_mib']:.1f} MiB",
        flush=True,
    )


class Writer:
    """Writes entries as the gate and the promoter do, without reading the log before each."""

    def __init__(self, folder: Path) -> None:
        file = generate_key(folder / "keys")
        self.key = read_signing_key(file.read_bytes(), where=str(file))
        self.entries = folder / "log" / "entries"
        self.entries.mkdir(parents=True)
        self.number, self.previous, self.champion = 0, None, None
        self.policy = Policy.parse(POLICY, where="benchmark")

    def recount(self) -> None:
        """Goes on after entries that others wrote."""
        last = max(self.entries.iterdir())
        self.number, self.previous = int(last.stem), sha256(last.read_bytes())

    def grow(self, size: int) -> None:
        candidate = self.number
        while self.number < size - 3:
            candidate += 1
            package = sha256(str(candidate).encode())
            look = LookBody(data="sha256:gate", name="digits", digest=package)
            self.add(look)
            approved = candidate % 30 == 1
            decided = self.decision(package, candidate, accuracy=0.95 if approved else 0.4)
            self.add(decided)
            self.add(self._promotion(package) if approved else look.model_copy(update={"data": "sha256:other"}))
            candidate += 2
        while self.number < size:
            self.add(LookBody(data="sha256:gate", name="digits", digest=sha256(b"last")))

    def decision(self, package: str, candidate: int, *, accuracy: float) -> DecisionBody:
        cells = tuple(cell(group, accuracy) for group in ({}, {"group": "a"}, {"group": "b"}))
        evidence = Evidence(
            candidate=Subject(
                name="digits", source=f"models:/digits-candidates/{candidate}", digest=package,
                training_data="sha256:train", submitter="ana",
            ),
            scan=Scan(
                model=package, meta_classifier="sha256:m", probabilities={"none": 0.9, "high": 0.1}, abstained=False,
                reason="-",
            ),
            evaluation=Evaluation(
                model=package, data="sha256:gate", spec=digest(self.policy.evaluation), rows=1500, clusters=1500,
                cells=cells, gaps=(), provider="CPUExecutionProvider",
            ),
            champion=self.champion,
            looks=candidate,
            code="benchmark",
        )  # fmt: skip
        return DecisionBody(
            decision=decide(self.policy, evidence, (), datetime.now(UTC)), evidence=evidence, policy=POLICY
        )

    def _promotion(self, package: str) -> PromotionBody:
        replaced, version = self.champion, str(self.number)
        self.champion = Champion(version=version, digest=package)
        return PromotionBody(
            entry=self.number, status="PROMOTED", reason="Every rule of the policy passed.", name="digits",
            digest=package, version=version, replaced=replaced,
        )  # fmt: skip

    def add(self, body: Body) -> None:
        self.number += 1
        entry = LogEntry(number=self.number, previous=self.previous, at=datetime.now(UTC), body=body)
        data = seal(entry, about=body.subject, key=self.key)
        (self.entries / f"{self.number:012d}.json").write_bytes(data)
        self.previous = sha256(data)


def cell(subgroup: dict[str, str], accuracy: float) -> Cell:
    bounds = accuracy - 0.03, accuracy + 0.03
    estimate = Estimate(value=accuracy, low=bounds[0], high=bounds[1], n=750, method="wilson")
    return Cell(
        metric="accuracy", subgroup=subgroup, successes=round(accuracy * 750), trials=750, clusters=750,
        estimate=estimate, bounds=bounds, simultaneous=bounds,
    )  # fmt: skip


if __name__ == "__main__":
    main()
