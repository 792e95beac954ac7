"""How many synthetic faces are drawn a second: ``python benchmarks/faces_speed.py``.

One process on one core. The best of several rounds is given beside the median, because other work on the machine
slows rounds down; so is the CPU time, which it slows less.
"""

from __future__ import annotations

import json
import os
import statistics
import time

from biasgate.data.synthetic_faces.drawing import draw_faces
from biasgate.data.synthetic_faces.traits import sample_traits

PEOPLE, ROUNDS, SIZES = 2048, 7, (32, 64)


def main() -> None:
    traits = sample_traits(people=PEOPLE, seed=1)
    draw_faces(traits[:256])
    for size in SIZES:
        wall, cpu = [], []
        for _ in range(ROUNDS):
            started, used = time.perf_counter(), time.process_time()
            draw_faces(traits, size=size)
            wall.append(time.perf_counter() - started)
            cpu.append(time.process_time() - used)
        print(json.dumps(summary(size, wall, cpu)))


def summary(size: int, wall: list[float], cpu: list[float]) -> dict[str, float]:
    return {
        "size": size,
        "images_per_second_best": round(PEOPLE / min(wall)),
        "images_per_second_median": round(PEOPLE / statistics.median(wall)),
        "images_per_cpu_second_best": round(PEOPLE / min(cpu)),
        "images_per_cpu_second_median": round(PEOPLE / statistics.median(cpu)),
        "load_average": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count() or 0,
    }


if __name__ == "__main__":
    main()
