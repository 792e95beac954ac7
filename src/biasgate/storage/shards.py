"""Shards that survive a crash: files are published group by group, the index of them all comes last.

A rerun keeps the groups that are there and repeats at most the one that was cut off; an index means a whole shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from biasgate.documents import Document, sha256
from biasgate.errors import TrustError
from biasgate.storage.store import exists, join, read_bytes, write_bytes

INDEX = "index.json"


class ShardFile(Document):
    """A file of a shard.

    Attributes:
        name: Relative to the shard's folder.
        sha256: Digest of its bytes.
    """

    name: str
    sha256: str


class Shard(Document):
    """The index of a finished shard.

    Attributes:
        shard: Which of the plan's shards.
        uri: The shard's folder.
    """

    shard: int
    uri: str


Kind = TypeVar("Kind", bound=Shard)


def read_index(kind: type[Kind], uri: str) -> Kind:
    """The index in a shard's folder.

    Raises:
        InputError: There is none: the shard is not finished.
    """
    where = join(uri, INDEX)
    return kind.parse(read_bytes(where), where=where)


def is_finished(uri: str) -> bool:
    """Whether a shard's folder holds an index, and so everything."""
    return exists(join(uri, INDEX))


def finish(index: Shard) -> None:
    """Publishes the index: from now on the shard is whole."""
    write_bytes(join(index.uri, INDEX), index.to_json())


def kept_group(uri: str, names: Sequence[str]) -> list[bytes]:
    """Contents of the files that an earlier run published together; empty when it did not come to the last of them."""
    return [read_bytes(join(uri, name)) for name in names] if exists(join(uri, names[-1])) else []


def publish_group(uri: str, names: Sequence[str], contents: Sequence[bytes]) -> None:
    """Writes files that belong together; the last one marks them as done."""
    for name, content in zip(names, contents, strict=True):
        write_bytes(join(uri, name), content)


def read_file(index: Shard, file: ShardFile) -> bytes:
    """A shard's file.

    Raises:
        TrustError: Its bytes are not those that the index names.
    """
    where = join(index.uri, file.name)
    data = read_bytes(where)
    if sha256(data) != file.sha256:
        raise TrustError("the bytes differ from the shard's index", where=where, fix="train the shard again")
    return data
