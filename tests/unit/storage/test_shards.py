from __future__ import annotations

from pathlib import Path

import pytest

from biasgate.documents import sha256
from biasgate.errors import InputError, TrustError
from biasgate.storage.plans import Plan, read_plan, shard_uri, write_plan
from biasgate.storage.shards import (
    Shard,
    ShardFile,
    finish,
    is_finished,
    kept_group,
    publish_group,
    read_file,
    read_index,
)

PLAN = Plan(shards=2)
NAMES = ("group.weights", "group.table")


def test_a_plan_lies_beside_its_shards_under_its_digest(tmp_path: Path) -> None:
    uri = write_plan(PLAN, root=str(tmp_path))
    assert read_plan(Plan, uri) == PLAN
    assert Path(uri).parent == Path(shard_uri(PLAN, 1, root=str(tmp_path))).parent
    assert shard_uri(PLAN, 0, root="there") != shard_uri(Plan(shards=3), 0, root="there")


@pytest.mark.parametrize("shard", [-1, 2])
def test_a_shard_that_the_plan_does_not_have_is_refused(shard: int) -> None:
    with pytest.raises(InputError, match=f"has shards 0 to 1, not {shard}"):
        shard_uri(PLAN, shard, root="anywhere")


def test_a_group_is_kept_only_when_its_last_file_was_written(tmp_path: Path) -> None:
    publish_group(str(tmp_path), NAMES, [b"weights", b"table"])
    assert kept_group(str(tmp_path), NAMES) == [b"weights", b"table"]
    (tmp_path / NAMES[-1]).unlink()
    assert kept_group(str(tmp_path), NAMES) == []


def test_a_shard_is_finished_once_its_index_is_there(tmp_path: Path) -> None:
    index = Shard(shard=1, uri=str(tmp_path))
    assert not is_finished(index.uri)
    with pytest.raises(InputError):
        read_index(Shard, index.uri)
    finish(index)
    assert is_finished(index.uri)
    assert read_index(Shard, index.uri) == index


def test_a_file_that_was_altered_after_the_index_is_refused(tmp_path: Path) -> None:
    index, file = Shard(shard=0, uri=str(tmp_path)), ShardFile(name="table", sha256=sha256(b"whole"))
    publish_group(index.uri, [file.name], [b"whole"])
    assert read_file(index, file) == b"whole"
    publish_group(index.uri, [file.name], [b"other"])
    with pytest.raises(TrustError, match="differ from the shard's index"):
        read_file(index, file)
