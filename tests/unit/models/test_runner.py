import json
import os
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from biasgate.errors import CandidateError, InputError
from biasgate.models.export import torch_logits
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.preprocess import preprocess
from biasgate.models.sandbox import child_inference, runner
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.process import run_child
from biasgate.models.sandbox.runner import run

IMAGES = np.random.default_rng(0).integers(0, 256, (23, 8, 8, 3), dtype=np.uint8)
FLATTEN = helper.make_node("Flatten", ["input"], ["x"])


@pytest.fixture
def packaged(graph_of, card_of, tmp_path: Path):
    """A package of a hand-made graph."""

    def package(nodes: list[onnx.NodeProto], arrays: dict[str, np.ndarray], **card: object) -> CandidatePackage:
        path = tmp_path / "made.onnx"
        tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
        path.write_bytes(graph_of(nodes, tensors).SerializeToString())
        return pack(path, card_of(**card), tmp_path / "made")

    return package


def test_the_child_gives_the_networks_logits_in_order(package: CandidatePackage, tiny, network_of):
    inference = run(package, IMAGES, limits=Limits(batch=5))
    expected = torch_logits(network_of(tiny), preprocess(IMAGES, package.card.input))
    np.testing.assert_allclose(inference.logits, expected, atol=1e-5)
    assert inference.logits.dtype == np.float32
    assert inference.provider == "CPUExecutionProvider"


def test_a_provider_that_onnx_runtime_silently_replaces_is_reported(package: CandidatePackage):
    """ONNX Runtime warns and goes on with the CPU; its gpu build does the same on a machine without a GPU."""
    job = {"model": package.model, "threads": 1, "device": "cuda", "confinement": {"memory_bytes": 1 << 30}}
    with pytest.raises(SystemExit, match=r"gave the providers \['CPUExecutionProvider'\], not CUDA"):
        child_inference.session_on(job)


def test_a_gpu_is_refused_where_the_installed_onnx_runtime_knows_of_none(package: CandidatePackage):
    with pytest.raises(InputError, match=r"run on cuda, and this ONNX Runtime has .*CPU.*onnxruntime-gpu"):
        run(package, IMAGES, limits=Limits(device="cuda"))


def test_each_batch_is_timed_and_there_are_enough_for_a_median(package: CandidatePackage):
    seconds = run(package, IMAGES).seconds
    assert len(seconds) >= 8
    assert (seconds > 0).all()


@pytest.mark.parametrize("seconds", [[], [0.0], [-1.0], [np.nan], [np.inf], [0.1] * 24])
def test_times_that_are_none_are_refused(package: CandidatePackage, monkeypatch, seconds):
    def forging(*arguments: Any, folder: Path, **options: Any) -> None:
        run_child(*arguments, folder=folder, **options)
        np.array(seconds, np.float64).tofile(folder / "seconds.bin")

    monkeypatch.setattr("biasgate.models.sandbox.runner.run_child", forging)
    with pytest.raises(CandidateError, match="times"):
        run(package, IMAGES)


@pytest.mark.parametrize(
    ("file", "left"),
    [
        ("report.json", b"["),
        ("report.json", b"[" * 100_000),
        ("report.json", b'{"provider": 1, "failures": [], "columns": 3}'),
        ("report.json", b'{"provider": "x", "failures": {}, "columns": Infinity}'),
        ("report.json", b'{"provider": "x", "failures": {}, "columns": 7}'),
        ("report.json", None),
        ("outputs.bin", Path("/dev/zero")),
        ("outputs.bin", None),
        ("seconds.bin", Path("/etc/hostname")),
        ("seconds.bin", None),
    ],
)
def test_what_a_child_that_was_taken_over_leaves_behind_is_a_sentence_and_never_waited_for(
    package: CandidatePackage, monkeypatch, file: str, left: bytes | Path | None
):
    """Bytes that are no report, a link out of the folder, or a pipe that nobody writes to (None)."""

    def taken_over(*given, folder: Path, **how):
        held = run_child(*given, folder=folder, **how)
        (folder / file).unlink()
        if isinstance(left, bytes):
            (folder / file).write_bytes(left)
        elif left:
            (folder / file).symlink_to(left)
        else:
            os.mkfifo(folder / file)
        return held

    monkeypatch.setattr(runner, "run_child", taken_over)
    with pytest.raises(CandidateError):
        run(package, np.zeros((9, 8, 8, 3), np.uint8))


def test_a_model_with_a_fixed_batch_is_run_in_that_batch(package: CandidatePackage):
    model = onnx.load(package.model)
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = 4
    free = run(package, IMAGES).logits
    onnx.save(model, package.model)
    np.testing.assert_allclose(run(package, IMAGES).logits, free, atol=1e-6)


class Failing:
    """Samples of which the last cannot be read."""

    shape, dtype, ndim = IMAGES.shape, IMAGES.dtype, IMAGES.ndim

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, rows: slice) -> np.ndarray:
        if len(IMAGES) in range(*rows.indices(len(IMAGES) + 1)) or rows.stop == len(IMAGES):
            raise InputError("the image is damaged or cut off", where="last.jpg", fix="write it again")
        return IMAGES[rows]


def test_samples_that_cannot_be_read_end_the_run_with_their_own_fault(package: CandidatePackage):
    with pytest.raises(InputError, match=r"damaged or cut off \[last.jpg\]"):
        run(package, Failing())  # pyright: ignore[reportArgumentType]


def test_a_bar_follows_the_samples_that_are_run(package: CandidatePackage, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BIASGATE_EVENTS", str(tmp_path / "events"))
    run(package, IMAGES)
    told = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert told[-1].items() >= {"progress": f"running {package.card.name}", "done": 23, "total": 23}.items()


def test_a_set_larger_than_the_memory_limit_runs_batch_by_batch(packaged):
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    package, limits = packaged(nodes, {}), Limits(memory_mb=448)
    colours = np.random.default_rng(0).integers(0, 256, (620_000, 1, 1, 3), dtype=np.uint8)
    images = np.broadcast_to(colours, (len(colours), 8, 8, 3))
    assert images.size * 4 > limits.memory_mb << 20
    tracemalloc.start()
    logits = run(package, images, limits=limits).logits
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(logits, colours.reshape(-1, 3) / 255, atol=1e-4)
    assert peak < 32 << 20


def test_a_model_that_fills_the_memory_is_stopped(packaged):
    nodes = [
        FLATTEN,
        helper.make_node("ConstantOfShape", ["shape"], ["vast"]),
        helper.make_node("ReduceSum", ["vast"], ["zero"], keepdims=0),
        helper.make_node("Gemm", ["x", "w"], ["y"]),
        helper.make_node("Add", ["y", "zero"], ["logits"]),
    ]
    package = packaged(nodes, {"shape": np.array([1 << 20, 1 << 14]), "w": np.ones((192, 3), np.float32)})
    told = r"2048 MiB of memory, in batches of 2 samples, after 0 of 23 samples .*inference: \{memory: 4096MiB\}"
    with pytest.raises(CandidateError, match=told):
        run(package, IMAGES)


def test_a_model_that_never_ends_is_stopped(packaged):
    inside = [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Sin", ["state"], ["next"])]
    boolean, number = TensorProto.BOOL, TensorProto.FLOAT
    body = helper.make_graph(
        inside,
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", boolean, []),
            helper.make_tensor_value_info("state", number, None),
        ],
        [helper.make_tensor_value_info("on", boolean, []), helper.make_tensor_value_info("next", number, None)],
    )
    loop = helper.make_node("Loop", ["steps", "true", "x"], ["logits"], body=body)
    package = packaged([FLATTEN, loop], {"steps": np.array(1 << 62), "true": np.array(True)})
    told = r"ran past its 2 s, after 0 of 23 samples .*inference: \{seconds: 60\}"
    with pytest.raises(CandidateError, match=told):
        run(package, IMAGES, limits=Limits(seconds=2))


def test_outputs_that_are_not_one_number_a_class_are_refused(packaged):
    package = packaged([FLATTEN, helper.make_node("Identity", ["x"], ["logits"])], {})
    with pytest.raises(CandidateError, match=r"\[2, 192\]"):
        run(package, IMAGES)


def test_nan_outputs_are_refused(packaged):
    nodes = [
        FLATTEN,
        helper.make_node("Gemm", ["x", "w"], ["y"]),
        helper.make_node("Log", ["y"], ["logits"]),
    ]
    package = packaged(nodes, {"w": np.full((192, 3), -1, np.float32)})
    with pytest.raises(CandidateError, match="NaN"):
        run(package, IMAGES)


def test_a_model_that_does_not_load_is_refused_with_onnx_runtimes_reason(packaged):
    package = packaged([helper.make_node("Nonsense", ["input"], ["logits"])], {})
    with pytest.raises(CandidateError, match="Nonsense"):
        run(package, IMAGES)


def test_samples_that_do_not_fit_the_card_never_reach_the_model(package: CandidatePackage):
    for samples in (IMAGES[:0], IMAGES[:, :4]):
        with pytest.raises(InputError):
            run(package, samples)


def test_the_scratch_folder_is_gone_afterwards(package: CandidatePackage, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    run(package, IMAGES)
    with pytest.raises(CandidateError):
        run(replace(package, path=tmp_path), IMAGES)
    assert not list((tmp_path / "scratch").iterdir())


PROBE = """#!{python} -I
import sys
sys.argv[1:] = sys.argv[-1:]
from biasgate.models.sandbox.confinement import confined_job
confined_job()
import json, os, resource, socket, threading
tried = dict(environment=dict(os.environ), memory=resource.getrlimit(resource.RLIMIT_AS))
tried["leads"] = os.getsid(0) == os.getpid()
def refused(name, attempt):
    try:
        attempt()
        tried[name] = "done"
    except (OSError, ValueError):
        tried[name] = "refused"
refused("parent's environment", lambda: open("/proc/%d/environ" % os.getppid(), "rb").read())
refused("parent's memory", lambda: open("/proc/%d/mem" % os.getppid(), "rb"))
refused("everybody's environment", lambda: open("/proc/1/environ", "rb").read())
refused("a file beside", lambda: open({secret!r}).read())
refused("a file elsewhere", lambda: open("/etc/passwd").read())
refused("a file outside", lambda: open({secret!r} + ".new", "w"))
refused("a socket", lambda: socket.socket())
refused("a local socket", lambda: socket.socket(socket.AF_UNIX))
refused("a process", os.fork)
refused("a program", lambda: os.execv("/bin/true", ["true"]))
refused("a limit", lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
refused("a thread", lambda: threading.Thread(target=int).start())
refused("a file of its own", lambda: open("own", "w"))
with open("seen.json", "w") as seen:
    json.dump(tried, seen)
"""
ALLOWED = {"a thread", "a file of its own"}


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What a child could do that is confined as every child is, and what is said of its confinement."""
    secret, folder, python = tmp_path / "secret", tmp_path / "scratch", tmp_path / "python"
    secret.write_text("secret")
    folder.mkdir()
    python.write_text(PROBE.format(python=sys.executable, secret=str(secret)))
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    limits = Limits(memory_mb=512)
    held = run_child("unused", {}, folder=folder, output_bytes=1 << 20, limits=limits, where="here")
    return json.loads((folder / "seen.json").read_text()), held


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "BIASGATE_SIGNING_KEY", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret")


def test_a_child_inherits_no_secret_leads_its_session_and_is_limited_for_good(secrets, probe):
    tried, _ = probe
    assert tried.pop("environment").keys() <= {"PATH", "LC_ALL", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS"}
    assert tried.pop("memory") == [512 << 20, 512 << 20]
    assert tried.pop("leads")


def test_a_child_reaches_nothing_but_its_own_folder(secrets, probe):
    tried, held = probe
    done = {name for name, end in tried.items() if end == "done"}
    if {"files", "calls"} <= set(held.applied):
        assert done == ALLOWED
    assert "hidden parent" in held.applied
    assert "parent's environment" not in done or os.geteuid() == 0


def test_what_could_not_be_applied_is_said(probe):
    _, held = probe
    names = {"hidden parent", "limits", "own user", "no new privileges", "namespaces", "files", "calls"}
    assert {*held.applied, *held.unapplied} == names
    assert all(held.unapplied.values())
