"""URIs, and what happens without a server."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.errors import InputError, ServiceError
from biasgate.storage import store


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("s3://bucket", "a", "b/c"), "s3://bucket/a/b/c"),
        (("s3://bucket/a/", "/b/"), "s3://bucket/a/b"),
        (("/", "a"), "/a"),
        (("folder",), "folder"),
    ],
)
def test_parts_are_joined_by_single_slashes(parts: tuple[str, ...], joined: str) -> None:
    assert store.join(*parts) == joined


@pytest.mark.parametrize("uri", ["gs://bucket/key", "https://host/file"])
def test_an_unknown_scheme_is_refused(uri: str) -> None:
    with pytest.raises(InputError, match="unknown scheme"):
        store.read_bytes(uri)


@pytest.mark.parametrize("uri", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
def test_an_s3_uri_without_bucket_or_key_is_refused(uri: str) -> None:
    with pytest.raises(InputError, match="not a whole S3 URI"):
        store.read_bytes(uri)


def test_an_impossible_bucket_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(InputError, match="no valid bucket or key"):
        store.read_bytes("s3://no bucket!/key")


def test_an_endpoint_that_is_no_url_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "minio:9000")
    with pytest.raises(InputError, match="AWS_ENDPOINT_URL"):
        store.read_bytes("s3://bucket/key")


def test_missing_credentials_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ServiceError, match=r"no S3 credentials.*AWS_ACCESS_KEY_ID"):
        store.read_bytes("s3://bucket/key")


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", "~"]), min_size=1).map("/".join))
def test_a_listed_key_never_leads_out_of_the_download_folder(relative: str) -> None:
    folder = Path("/srv/download")
    try:
        path = store._inside(folder, store._relative(f"s3://bucket/prefix/{relative}", "s3://bucket/prefix"))
    except InputError:
        return
    assert path.resolve().is_relative_to(folder)
