"""What it costs that MLflow's pages say what the log says: requests and seconds for 1,000 versions on a real server.

Candidates lie on an MLflow server (SQLite, one worker) and are decided about in a log. Then ``reconcile --pages``
runs three times: on pages that say nothing yet, again, and after somebody changed every tenth. Requests are those to
MLflow; the log lies on this disk. Seconds are of the clock, as the server works in them, beside those of the
processor, for client and server; other work on the machine counts in the former. Goal for 1,000 versions: 60 s.

Run: ``python benchmarks/showing_cost.py``, a few minutes, most of them to register; keeps results/showing_cost.json.
``--quick`` takes 100 versions and keeps nothing, ``--json`` prints one line.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import requests
from log_cost import Writer
from mlflow import MlflowClient

from biasgate.documents import sha256
from biasgate.gate.ledger.entry import LookBody
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.registry.alerts import Alarm
from biasgate.registry.reconcile import reconcile

VERSIONS, QUICK, PORT = 1_000, 100, 5_917
RESULT = Path(__file__).with_name("results") / "showing_cost.json"
GOAL_S = 60
NAME = "digits"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"take {QUICK} versions")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    asked = parser.parse_args()
    versions = QUICK if asked.quick else VERSIONS
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        writer = decided(Path(folder), versions)
        client = registered(versions)
        mend = mender(Path(folder))
        rows = [{"turn": "every page is new", **measured(mend, server)}, {"turn": "again", **measured(mend, server)}]
        for version in range(1, versions + 1, 10):
            client.update_model_version(f"{NAME}-candidates", str(version), "## APPROVED")
        rows.append({"turn": "every tenth was changed", **measured(mend, server)})
    found = {"versions": versions, "entries": writer.number, "goal_s": GOAL_S, "load": os.getloadavg()[0], "rows": rows}
    if not asked.quick:
        RESULT.write_text(json.dumps(found, indent=1) + "\n")
    if asked.json:
        print(json.dumps({"slowest_s": max(row["seconds"] for row in rows), **found}))
        return
    print(f"{versions:,} versions                 pages  requests  seconds  processor: client  server")
    for row in rows:
        print(
            f"{row['turn']:24}  {row['pages']:10,}  {row['requests']:8,}  {row['seconds']:7.1f}"
            f"  {row['client_s']:17.1f}  {row['server_s']:6.1f}"
        )


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """MLflow's server, which the environment then names; gives its process group."""
    uri = f"http://127.0.0.1:{PORT}"
    command = [
        str(Path(sys.executable).with_name("mlflow")), "server", "--port", str(PORT), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts",
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        while process.poll() is None:
            try:
                urlopen(f"{uri}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        os.environ["MLFLOW_TRACKING_URI"] = uri
        yield process.pid
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def decided(folder: Path, versions: int) -> Writer:
    """A log with a decision about each version, every third of them an approval that was not carried out."""
    writer = Writer(folder)
    for version in range(1, versions + 1):
        package = sha256(str(version).encode())
        writer.add(LookBody(data="sha256:gate", name=NAME, digest=package))
        writer.add(writer.decision(package, version, accuracy=0.95 if version % 3 == 0 else 0.4))
    return writer


def registered(versions: int) -> MlflowClient:
    client = MlflowClient()
    client.create_registered_model(f"{NAME}-candidates")
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda _: client.create_model_version(f"{NAME}-candidates", "s3://nowhere/model", await_creation_for=0),
                range(versions),
            )
        )
    return client


def mender(folder: Path) -> Callable[[], int]:
    trusted, log = trusted_keys(folder / "keys" / "trusted"), str(folder / "log")
    return lambda: len(reconcile(log, trusted=trusted, alarm=Alarm(), models=[NAME], pages=True).misshown)


def measured(mend: Callable[[], int], server: int) -> dict[str, float]:
    """Pages that were mended, requests, and seconds of one run."""
    send, count = requests.Session.send, [0]

    def counted(self: requests.Session, request: requests.PreparedRequest, **how: object) -> requests.Response:
        count[0] += 1
        return send(self, request, **how)

    requests.Session.send = counted
    start, before, served = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF), processor(server)
    try:
        pages = mend()
    finally:
        requests.Session.send = send
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "pages": pages,
        "requests": count[0],
        "seconds": time.perf_counter() - start,
        "client_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "server_s": processor(server) - served,
    }


def processor(group: int) -> float:
    """Processor seconds of a process group so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
