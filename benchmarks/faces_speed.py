"""How many synthetic faces are drawn a second: ``python benchmarks/faces_speed.py``.

One process, one thread. Images a second of CPU time and by the clock, median and best of several rounds: other work
slows the clock, and a little also the CPU. Writes results/faces_speed.json and the table in report/faces.md.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from biasgate.data.faces.drawn.drawing import draw_faces
from biasgate.data.faces.drawn.traits import sample_traits

PEOPLE, ROUNDS, SIZES = 2048, 11, (32, 64)
ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- speed -->", "<!-- end of speed -->"


def main() -> None:
    """Draws in rounds of all sizes, and writes what it took."""
    traits = sample_traits(people=PEOPLE, seed=1)
    draw_faces(traits[:256])
    taken: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size in SIZES:
            used, started = time.process_time(), time.perf_counter()
            draw_faces(traits, size=size)
            taken[size].append((time.process_time() - used, time.perf_counter() - started))
    rows = [row(size, *map(list, zip(*rounds, strict=True))) for size, rounds in taken.items()]
    result = {"images": PEOPLE, "rounds": ROUNDS, "sizes": rows} | conditions()
    (ROOT / "benchmarks" / "results" / "faces_speed.json").write_text(json.dumps(result, indent=1) + "\n")
    page = ROOT / "benchmarks" / "report" / "faces.md"
    before, rest = page.read_text().split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{table(result)}\n\n{END}{rest.split(END)[1]}")
    print(table(result))


def row(size: int, cpu: list[float], wall: list[float]) -> dict[str, int]:
    """Images a second of one size."""
    return {
        "size": size,
        "per_cpu_second_median": round(PEOPLE / statistics.median(cpu)),
        "per_cpu_second_best": round(PEOPLE / min(cpu)),
        "per_second_median": round(PEOPLE / statistics.median(wall)),
        "per_second_best": round(PEOPLE / min(wall)),
    }


def conditions() -> dict[str, str | float]:
    """The machine, how busy it is, and the day."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "machine": f"{cpu[1] if cpu else platform.processor()}, {os.cpu_count()} cores",
        "load_average": round(os.getloadavg()[0], 1),
        "on": datetime.now(UTC).date().isoformat(),
    }


def table(result: dict) -> str:
    """For the docs."""
    lines = ["| pixels | images a CPU second: median (best) | by the clock: median (best) |", "|---|---|---|"]
    lines += [
        f"| {r['size']} | {r['per_cpu_second_median']:,} ({r['per_cpu_second_best']:,}) "
        f"| {r['per_second_median']:,} ({r['per_second_best']:,}) |"
        for r in result["sizes"]
    ]
    where = f"{result['machine']}, load average {result['load_average']}, {result['on']}"
    return "\n".join(lines) + f"\n\nOne process on {where}; {result['rounds']} rounds of {result['images']:,} images."


if __name__ == "__main__":
    main()
