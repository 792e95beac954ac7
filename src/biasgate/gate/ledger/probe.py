"""Whether a store keeps the promise that the log rests on: of two writers of one name, one is told that it lost."""

from __future__ import annotations

from functools import cache
from uuid import uuid4

from biasgate.errors import ServiceError
from biasgate.storage import store

NAME = "conditional-write"
"""The object beside the log's entries that two writes are tried on; what it holds says nothing."""


@cache
def require_conditional_writes(log_uri: str) -> None:
    """Tries, once a process, whether the log's store refuses a name that is taken.

    Some servers that speak S3 accept ``If-None-Match`` and ignore it: then two writers would overwrite each other's
    entries, and both would be told that theirs is in the log. A local disk needs no trial.

    Raises:
        ServiceError: The store takes a name twice, or does not answer; nothing was written to the log.
    """
    if not store.is_remote(log_uri):
        return
    uri = store.join(log_uri, NAME)
    store.put_if_absent(uri, uuid4().bytes)
    if store.put_if_absent(uri, uuid4().bytes):
        fix = "keep the log in a store with conditional writes, such as AWS S3, MinIO or SeaweedFS in a recent version"
        raise ServiceError("the store ignores If-None-Match: entries could be lost without a word", where=uri, fix=fix)
