"""A sample of ``benchmarks/hostile_files.py``; ``make hostile`` takes every candidate."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "hostile_files.py"


def test_hostile_candidates_get_a_measurement_or_a_reason_and_run_no_code():
    ended = subprocess.run(
        [sys.executable, str(BENCHMARK), "--every", "13"], capture_output=True, text=True, check=False
    )
    report = json.loads(ended.stdout)
    assert report["faults"] == {}
    assert ended.returncode == 0
    assert report["candidates"] > 20
    assert report["ends"].keys() == {"measured", "refused"}


def test_there_are_enough_of_them_and_a_careless_reader_falls_for_them(tmp_path):
    """Else the canary would show nothing."""
    careless = (
        "import sys, os, pickle, zipfile\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(BENCHMARK.parent)!r})\n"
        "from hostile.case import CANARY\nfrom hostile.cases import cases\n"
        "found, ran = cases(), 0\n"
        "for case in found:\n"
        "    if not case.name.startswith('pickles: a payload'):\n        continue\n"
        f"    work = Path({str(tmp_path)!r}, str(ran)); (work / 'in').mkdir(parents=True); case.write(work / 'in')\n"
        "    model = work / 'in' / 'model.pt'\n"
        "    data = zipfile.ZipFile(model).read('m/data.pkl') if zipfile.is_zipfile(model) else model.read_bytes()\n"
        "    pickle.loads(data)\n"
        "    ran += (work / CANARY).exists()\n"
        "print(len(found), ran)\n"
    )
    ended = subprocess.run([sys.executable, "-c", careless], capture_output=True, text=True, check=True)
    count, ran = map(int, ended.stdout.split())
    assert count >= 200
    assert ran >= 5
