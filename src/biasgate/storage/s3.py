"""Objects in S3 or any server that speaks it; boto3 reads endpoint and credentials from the environment."""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from biasgate.errors import InputError, ServiceError
from biasgate.storage import local

SCHEME = "s3://"
_TAKEN = {409, 412}
_DENIED = {400, 401, 403}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_TRIES = 3
_TRIES_VARIABLE = "AWS_MAX_ATTEMPTS"
READ_SECONDS = 60
"""How long an answer is waited for."""
CONNECTIONS = 16
"""How many requests may be under way at once."""


def read_bytes(uri: str, *, limit: int | None) -> bytes:
    """The bytes of an object; see ``store.read_bytes``. An answer that breaks off is asked for again."""
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    bucket, key = _split(uri)
    with _explained(uri):
        for left in reversed(range(_tries())):
            answer = _client().get_object(Bucket=bucket, Key=key)
            with closing(answer["Body"]) as body:
                size = answer["ContentLength"]
                if limit is not None and size > limit:
                    raise InputError(f"{size:,} bytes, more than the {limit:,} allowed", where=uri)
                try:
                    return body.read()
                except (IncompleteReadError, ReadTimeoutError, ResponseStreamingError):
                    if not left:
                        raise
    raise AssertionError("the last try returns or raises")


def write_bytes(uri: str, data: bytes) -> None:
    """Replaces the object, in parts when it is large; see ``store.write_bytes``."""
    bucket, key = _split(uri)
    with _explained(uri):
        _client().upload_fileobj(io.BytesIO(data), bucket, key)


def put_if_absent(uri: str, data: bytes) -> bool:
    """Writes with ``If-None-Match: *``; see ``store.put_if_absent``."""
    from botocore.exceptions import ClientError

    bucket, key = _split(uri)
    with _explained(uri):
        try:
            _client().put_object(Bucket=bucket, Key=key, Body=data, IfNoneMatch="*")
        except ClientError as error:
            if _status(error) in _TAKEN:
                return False
            raise
        return True


def exists(uri: str) -> bool:
    """Whether an object is there."""
    from botocore.exceptions import ClientError

    bucket, key = _split(uri)
    with _explained(uri):
        try:
            _client().head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _status(error) == 404:
                return False
            raise
        return True


def list_uris(uri: str, *, after: str) -> list[str]:
    """Every object under a prefix that ends at a slash, sorted; see ``store.list_uris``."""
    bucket, prefix = _split(uri, key_needed=False)
    prefix = prefix.rstrip("/") + "/" if prefix else ""
    start = {"StartAfter": after.removeprefix(f"{SCHEME}{bucket}/")} if after else {}
    with _explained(uri):
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **start)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return sorted(found for key in keys if (found := f"{SCHEME}{bucket}/{key}") > after and not key.endswith("/"))


def download_file(uri: str, path: Path) -> None:
    """Fetches an object to ``path``, large ones in parts; ``path`` appears only when it is whole."""
    bucket, key = _split(uri)
    with local.explained(str(path)), _explained(uri):
        path.parent.mkdir(parents=True, exist_ok=True)
        _client().download_file(bucket, key, str(path))


def upload_file(path: Path, uri: str) -> None:
    """Stores a file, large ones in parts."""
    bucket, key = _split(uri)
    with local.explained(str(path)), path.open("rb") as file, _explained(uri):
        _client().upload_fileobj(file, bucket, key)


def _split(uri: str, *, key_needed: bool = True) -> tuple[str, str]:
    """Bucket and key of a URI."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not bucket or (key_needed and not key):
        raise InputError("not a whole S3 URI", where=uri, fix="write s3://bucket/key")
    return bucket, key


def _client() -> Any:
    """The client for the present environment; one serves all threads."""
    return _connect(tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))))


@lru_cache(maxsize=4)
def _connect(_environment: tuple[tuple[str, str], ...]) -> Any:
    """A client with bounded waits: a few tries, 5 s to connect, ``READ_SECONDS`` for an answer."""
    from boto3.session import Session
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": _tries()}
    bounds = Config(retries=retries, connect_timeout=5, read_timeout=READ_SECONDS, max_pool_connections=CONNECTIONS)
    try:
        return Session().client("s3", config=bounds)
    except ValueError as error:
        raise InputError("the S3 endpoint is no URL", where="AWS_ENDPOINT_URL", fix="write http://host:port") from error


def _tries() -> int:
    """How often a request is made in all: boto's own variable may say more, as it does in a pod."""
    text = os.environ.get(_TRIES_VARIABLE, str(_TRIES))
    if not text.isdecimal() or not int(text):
        raise InputError(f"{text!r} is no number of tries", where=_TRIES_VARIABLE, fix="write 3")
    return int(text)


def _status(error: Any) -> int:
    """The HTTP status of botocore's ``ClientError``."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


@contextmanager
def _explained(uri: str) -> Generator[None]:
    """Turns boto3's errors into ours; their texts can hold request details, so only codes are passed on."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        status, code = _status(error), error.response["Error"]["Code"]
        if status == 404:
            raise InputError("no such bucket or object", where=uri, fix="check the URI") from error
        fix = "check the AWS_* credentials and their rights" if status in _DENIED else "try again later"
        if code in _EXPIRED:
            fix = "renew the credentials, or use a role, which renews its own"
        raise ServiceError(f"S3 refused with {status} {code}", where=uri, fix=fix) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        fix = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or mount a credentials file"
        raise ServiceError("no S3 credentials", where=uri, fix=fix) from error
    except ParamValidationError as error:
        raise InputError("no valid bucket or key", where=uri, fix="write s3://bucket/key") from error
    except (BotoCoreError, Boto3Error) as error:
        fix = "check AWS_ENDPOINT_URL and the network"
        raise ServiceError(f"S3 did not answer ({type(error).__name__})", where=uri, fix=fix) from error
