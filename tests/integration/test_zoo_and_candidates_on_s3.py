"""Whatever takes a path takes an s3:// URI: zoos, meta-classifiers, candidates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from biasgate.detection.features.table import feature_table
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.zoo.plan import ZooPlan, plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import Counts, Level, Recipe, ZooSpec
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.network import build
from biasgate.models.package import open_package, pack
from biasgate.models.presets import preset
from biasgate.models.submission import import_candidate
from biasgate.registry.meta_classifiers import FILE, fetch_meta_classifier
from biasgate.registry.models import fetch
from biasgate.storage import store
from biasgate.storage.plans import read_plan, write_plan


@pytest.fixture(scope="module")
def plan() -> ZooPlan:
    spec = ZooSpec(
        name="tiny",
        dataset="builtin:digits",
        architectures=(preset("digits_small"),),
        planting="share",
        levels=(Level(name="none", strength=0.9), Level(name="much", strength=0.01)),
        counts=Counts(train=8, validation=4, test=4),
        recipe=Recipe(steps=(150,), batch=(32,), samples=(300, 300)),
        seed=3,
    )
    return plan_zoo(spec, shards=2)


@pytest.fixture(scope="module")
def table(plan: ZooPlan, s3: Any) -> pd.DataFrame:
    """Features of the zoo, trained under an s3:// root and streamed from there."""
    root = f"s3://{s3.bucket}/zoos"
    uri = write_plan(plan, root=root)
    return pd.concat([feature_table(train_shard(read_plan(ZooPlan, uri), shard, root)) for shard in range(2)])


def test_a_zoo_in_s3_has_the_bytes_of_a_local_one(table: pd.DataFrame, plan: ZooPlan, s3: Any, tmp_path: Path) -> None:
    local = train_shard(plan, 0, str(tmp_path))
    remote = train_shard(plan, 0, f"s3://{s3.bucket}/zoos")
    assert remote.uri.startswith("s3://")
    assert [file.sha256 for file in remote.weights] == [file.sha256 for file in local.weights]
    assert [file.sha256 for file in remote.tables] == [file.sha256 for file in local.tables]


def test_a_meta_classifier_is_loaded_from_s3(table: pd.DataFrame, plan: ZooPlan, s3: Any) -> None:
    meta = fit_meta_classifier(table, spec=plan.spec)
    folder = f"s3://{s3.bucket}/meta"
    store.write_bytes(store.join(folder, FILE), meta.to_json())
    assert fetch_meta_classifier(folder) == meta.to_json()


def test_a_candidate_is_fetched_from_s3_with_its_digest(s3: Any, tmp_path: Path) -> None:
    architecture = preset("digits_small")
    export_onnx(build(architecture), path=tmp_path / "model.onnx")
    contract = InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255)
    card = CandidateCard(
        name="digits", classes=tuple("0123456789"), input=contract, training_data="sha256:0", submitter="me"
    )
    package = pack(tmp_path / "model.onnx", card, tmp_path / "package")
    store.upload(package.path, f"s3://{s3.bucket}/candidates/one")
    folder, _ = fetch(f"s3://{s3.bucket}/candidates/one", tmp_path / "fetched")
    assert import_candidate(folder, tmp_path / "again").digest == open_package(package.path).digest


def test_a_data_set_is_described_from_s3(s3: Any, biasgate: Callable[..., Any]) -> None:
    source = b"schema: biasgate/data-source/v1\nname: gate\ndata: {kind: digits}\nrole: gate\nplanting: {kind: twins}\n"
    store.write_bytes(f"s3://{s3.bucket}/gate.yaml", source)
    assert biasgate("data", "describe", f"s3://{s3.bucket}/gate.yaml", "--json").code == 0
